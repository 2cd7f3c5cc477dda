"""Taking a segment's rule in: read, checked against what its author may see, with no circle of segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from crm.access import Actor
from crm.database import fetch, fetch_value
from crm.errors import CrmError
from crm.rules.check import check
from crm.rules.faults import RuleInvalid, nearest
from crm.rules.json_form import from_json, to_json
from crm.rules.predicate import surroundings
from crm.rules.printer import to_text
from crm.rules.text import parse
from crm.rules.tree import InSegment, Node, walk
from crm.segments.names import refuse_unknown_stages

Rule = dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A rule that its author may ask: its tree, its stored form, and its text as it was written."""

    tree: Node
    stored: dict[str, Any]
    text: str


async def accept(actor: Actor, rule: Rule, *, key: str | None, now: datetime) -> Accepted:
    """Take in a rule, as text or as tree, for the segment `key` (None: for no segment, as in a preview).

    Raises RuleInvalid, Forbidden or Problems with the path `rule`, then the place inside.
    """
    try:
        tree = parse(rule) if isinstance(rule, str) else from_json(rule)
        catalogue, context = await surroundings(now)
        check(tree, catalogue, scopes=actor.scopes, context=context)
        await refuse_circle(tree, key)
        await refuse_unknown_stages(tree)
    except CrmError as error:
        raise error.under("rule") from None
    return Accepted(tree, to_json(tree), rule.strip() if isinstance(rule, str) else to_text(tree))


async def hold_rules() -> None:
    """Let nobody else change a segment's rule until the transaction ends: two halves of a circle must not pass."""
    await fetch_value("SELECT pg_advisory_xact_lock(hashtext('segment rules'))")


async def refuse_circle(tree: Node, key: str | None) -> None:
    """Raise RuleInvalid when the rule of a segment asks for an unknown one, for itself, or for one that asks for it."""
    wanted = [node for node, _ in walk(tree) if isinstance(node, InSegment)]
    if not wanted:
        return
    known = await known_segments()
    for node in wanted:
        if node.key == key:
            raise RuleInvalid(f"The segment '{key}' cannot ask for its own members.", place=node.place)
        if node.key not in known:
            hint = nearest(node.key, list(known))
            raise RuleInvalid(f"There is no segment '{node.key[:80]}'.{hint}", place=node.place)
        way = path_to(key, node.key, known) if key else None
        if way:
            raise RuleInvalid(f"This makes a circle of segments: {' → '.join([key or '', *way])}.", place=node.place)


async def known_segments() -> dict[str, frozenset[str]]:
    """Every segment in use by its key, with the keys of those that its rule asks for."""
    rows = await fetch("SELECT key, kind, rule FROM segment WHERE archived_at IS NULL ORDER BY key")
    return {row["key"]: _asked(row["rule"]) if row["kind"] == "DYNAMIC" else frozenset() for row in rows}


def _asked(rule: str | None) -> frozenset[str]:
    try:
        tree = from_json(orjson.loads(rule or "{}"))
    except CrmError:
        return frozenset()
    return frozenset(node.key for node, _ in walk(tree) if isinstance(node, InSegment))


def path_to(wanted: str, start: str, asks: Mapping[str, frozenset[str]]) -> list[str] | None:
    """The way from a segment to another along what their rules ask for, both included; None when there is none."""
    ways: list[list[str]] = [[start]]
    seen = {start}
    while ways:
        way = ways.pop()
        if way[-1] == wanted:
            return way
        for following in sorted(asks.get(way[-1], frozenset()) - seen):
            seen.add(following)
            ways.append([*way, following])
    return None


def in_order(asks: Mapping[str, frozenset[str]]) -> list[str]:
    """The keys so that each comes after those that its rule asks for."""
    placed: dict[str, None] = {}
    waiting = sorted(asks)
    while waiting:
        ready = [key for key in waiting if all(one in placed or one not in asks for one in asks[key])]
        placed |= dict.fromkeys(ready or waiting)  # a circle cannot be stored; should one be, it is not waited for
        waiting = [key for key in waiting if key not in placed]
    return list(placed)
