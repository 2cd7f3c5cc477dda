"""Searching customers, and the records of customers, by the customers' names and, for who may read them, identities."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from tortoise.contrib.postgres.search import SearchQuery
from tortoise.expressions import Q

from admin.request import may
from crm import wording
from crm.access import Scope
from crm.database import fetch
from crm.wording import words

MOST = 500
"""Customers whose records are looked for, and records of them that are found, the newest first."""
EACH = 200
"""Records of one customer that are looked at."""

_CUSTOMERS = "SELECT c.id FROM customer c WHERE {found} LIMIT {most}"
# Customers first, then theirs by key: one joined condition, or one that is sorted before, would read whole tables.
_RECORDS = """
WITH found AS MATERIALIZED ({customers})
SELECT r.id FROM found f CROSS JOIN LATERAL (
    SELECT t.id, t.{at} AS at FROM "{table}" t WHERE t.{column} = f.id ORDER BY t.{at} DESC LIMIT {each}
) r ORDER BY r.at DESC, r.id DESC LIMIT {most}
"""
_LATEST = """
SELECT t.id FROM (SELECT id, {column} FROM "{table}" ORDER BY {at} DESC LIMIT {most}) t WHERE t.{column} ILIKE $1
"""


def customers(request: Request, term: str) -> Q:
    """Customers that have every word, in normal form, in their names or, for who may read them, identities."""
    found = Q()
    for word in words(term):
        found &= _in_text(word)
        if not may(request, Scope.PII_READ):
            # The searched text holds identities too: whoever may not read them finds by name alone.
            found &= _in_name(word)
    return found


def _in_text(word: str) -> Q:
    if query := wording.lexemes(word):
        return Q(search_vector__search=SearchQuery(query, config="simple", search_type="raw"))
    return _starting("search_text", word) if wording.short(word) else Q(search_text__contains=word)


def _in_name(word: str) -> Q:
    inside = word.isascii() and not wording.short(word)
    return Q(sort_name__contains=word) if inside else _starting("sort_name", word)


def _starting(column: str, word: str) -> Q:
    found = Q(**{f"{column}__startswith": word})
    for each in wording.beginnings(word):
        found |= Q(**{f"{column}__contains": each})
    return found


async def of_customers(request: Request, term: str, column: str = "customer_id") -> Q:
    """Rows with one of the customers that a term finds, where each customer has one row at most."""
    statement, values = _found(request, term)
    return _among(column, await _keys(request, statement, values))


async def records(request: Request, term: str, table: str, at: str, column: str = "customer_id") -> Q:
    """The newest records, by the column `at`, of the customers that a term finds."""
    customers, values = _found(request, term)
    statement = _RECORDS.format(customers=customers, table=table, at=at, column=column, each=EACH, most=MOST + 1)
    return _among("id", await _keys(request, statement, values))


async def latest(request: Request, term: str, table: str, at: str, column: str, most: int) -> Q:
    """Those of the newest so many records that have the term in a column; of all it would be the reading of a table."""
    statement = _LATEST.format(table=table, at=at, column=column, most=most)
    return _among("id", await _keys(request, statement, [f"%{wording.literal(term.strip())}%"]))


def _found(request: Request, term: str) -> tuple[str, list[str]]:
    wanted = words(term)
    found, values = wording.condition(wanted, named=not may(request, Scope.PII_READ), first=1)
    return _CUSTOMERS.format(found=found or "false", most=MOST + 1), values


async def _keys(request: Request, statement: str, values: list[str]) -> list[UUID]:
    """What a statement finds, asked once for the list and its length; past the limit the length says so."""
    if not hasattr(request.state, "searched"):
        request.state.searched, request.state.more_found = {}, False
    known: dict[Any, list[UUID]] = request.state.searched
    asked = (statement, *values)
    if asked not in known:
        known[asked] = [row["id"] for row in await fetch(statement, *values)]
        request.state.more_found |= len(known[asked]) > MOST
    return known[asked][:MOST]


def _among(column: str, keys: list[UUID]) -> Q:
    chosen: Any = {f"{column}__in": keys}
    return Q(**chosen)
