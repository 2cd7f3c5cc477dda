"""Searching customers, and the records of customers, by the customers' names and, for who may read them, identities."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from tortoise.expressions import Q

from admin.request import may
from crm import text
from crm.access import Scope
from crm.database import fetch
from crm.finding import literal

MOST = 500
MOST_WORDS = 8

# The trigram index finds the customers; theirs are then found by key, which one joined condition could not do.
_FOUND = "SELECT id FROM customer WHERE search_text LIKE ALL ($1::text[]) LIMIT $2"
# The text that is searched holds identities too: whoever may not read them finds by name alone.
_NAMED = "SELECT id FROM customer WHERE search_text LIKE ALL ($1::text[]) AND sort_name LIKE ALL ($1::text[]) LIMIT $2"


def customers(request: Request, term: str) -> Q:
    """Customers that have every word, in normal form, in their names or, for who may read them, identities."""
    found = Q()
    for word in words(term):
        found &= Q(search_text__contains=word)
        if not may(request, Scope.PII_READ):
            found &= Q(sort_name__contains=word)
    return found


async def of_customers(request: Request, term: str, column: str = "customer_id") -> Q:
    """Records of the customers that a term finds."""
    patterns = [f"%{literal(word)}%" for word in words(term)]
    statement = _FOUND if may(request, Scope.PII_READ) else _NAMED
    rows = await fetch(statement, patterns, MOST) if patterns else []
    keys: Any = [row["id"] for row in rows]
    return Q(**{f"{column}__in": keys})


def words(term: str) -> list[str]:
    """What is looked for of a term: its words in normal form, each of which has to be there."""
    return text.normalise(term).split()[:MOST_WORDS]
