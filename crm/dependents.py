"""Who uses a segment or a custom field in a stored rule, so that neither is taken away from under it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import orjson

from crm.database import fetch
from crm.errors import Blocked, CrmError
from crm.ids import encode
from crm.rules.json_form import from_json
from crm.rules.places import places
from crm.rules.tree import Compare, FieldRef, InSegment, Node


@dataclass(frozen=True, slots=True)
class Dependent:
    """A user of something: `kind` is SEGMENT, LIFECYCLE_EDGE, TOKEN, WEBHOOK or GOAL; `path` leads to the place in its
    rule."""

    kind: str
    id: str
    name: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f" ({'.'.join(self.path)})" if self.path else ""
        return f"{self.kind.lower().replace('_', ' ')} '{self.name}'{place}"


_RULES = """
SELECT 'SEGMENT' AS kind, 'seg' AS prefix, s.id, s.key AS name, s.rule FROM segment s
WHERE s.kind = 'DYNAMIC' AND s.archived_at IS NULL
UNION ALL
SELECT 'LIFECYCLE_EDGE', 'edg', e.id, l.key || ': ' || f.key || ' → ' || t.key, e.guard
FROM stage_edge e JOIN lifecycle l ON l.id = e.lifecycle_id
JOIN stage f ON f.id = e.from_stage_id JOIN stage t ON t.id = e.to_stage_id
WHERE e.guard IS NOT NULL AND l.archived_at IS NULL
UNION ALL
SELECT 'TOKEN', 'tok', a.id, a.name, a.row_filter FROM api_token a
WHERE a.row_filter IS NOT NULL AND a.revoked_at IS NULL
UNION ALL
SELECT 'WEBHOOK', 'whk', w.id, w.name, r.rule
FROM webhook_endpoint w CROSS JOIN LATERAL (VALUES (w.rule), (w.row_filter)) AS r(rule)
WHERE r.rule IS NOT NULL AND w.archived_at IS NULL
ORDER BY 1, 4
"""
_GOALS = "SELECT id, name FROM goal WHERE segment = $1 AND archived_at IS NULL ORDER BY name"


async def users_of_segment(key: str) -> list[Dependent]:
    """Stored rules that speak of a segment, and goals that are counted over it."""
    goals = [Dependent("GOAL", encode("gol", row["id"]), row["name"]) for row in await fetch(_GOALS, key)]
    return await _users(lambda node: isinstance(node, InSegment) and node.key == key) + goals


async def users_of_field(key: str, values: Collection[str] | None = None) -> list[Dependent]:
    """Stored rules that speak of a custom field of customers; with `values`, that compare it with one of them."""

    def speaks(node: Node) -> bool:
        if not isinstance(node, Compare) or not isinstance(node.subject, FieldRef):
            return False
        if node.subject.path[-2:] != ("customFields", key):
            return False
        compared = node.value if isinstance(node.value, tuple) else (node.value,)
        return values is None or any(value in values for value in compared)

    return await _users(speaks)


async def refuse_use(what: str, users: list[Dependent], *, path: tuple[str, ...] = ("id",)) -> None:
    """Raise Blocked, naming the users, if there are any."""
    if users:
        named = ", ".join(str(user) for user in users[:10])
        more = f" and {len(users) - 10} more" if len(users) > 10 else ""
        raise Blocked(f"{what} is in use by {named}{more}; change those first.", path=path)


async def _users(speaks: Callable[[Node], bool]) -> list[Dependent]:
    """The rules that have a part which `speaks`, each with the place of the first."""
    rows = await fetch(_RULES)
    found = [(row, next((path for node, path in places(_tree(row["rule"])) if speaks(node)), None)) for row in rows]
    return [
        Dependent(row["kind"], encode(row["prefix"], row["id"]), row["name"], path)
        for row, path in found
        if path is not None
    ]


def _tree(rule: str) -> Node:
    try:
        return from_json(orjson.loads(rule))
    except CrmError:  # a rule of an older form: it speaks of nothing that can be known
        return _NOTHING


_NOTHING = from_json({"displayName": {"isEmpty": True}})
