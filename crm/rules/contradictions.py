"""Finds bounds of one number, side by side in a rule, that leave nothing between them."""

from __future__ import annotations

from typing import Any

from crm.rules.faults import RuleInvalid
from crm.rules.fields import Catalogue, FieldType, Noun, find_field
from crm.rules.tree import Compare, FieldRef, Node, Operator
from crm.rules.values import Context, typed
from crm.rules.windows import Window

_LOWER = (Operator.GT, Operator.GTE, Operator.EQ)
_UPPER = (Operator.LT, Operator.LTE, Operator.EQ)


def refuse_contradiction(items: tuple[Node, ...], catalogue: Catalogue, noun: Noun, context: Context) -> None:
    """Raise when bounds of one number that stand side by side leave nothing between them."""
    lows: dict[tuple[FieldRef, str | None], tuple[Any, bool]] = {}
    highs: dict[tuple[FieldRef, str | None], tuple[Any, bool]] = {}
    for item in items:
        bound = _bound(item, catalogue, noun, context)
        if bound is None:
            continue
        key, operator, number = bound
        strict = operator in (Operator.GT, Operator.LT)
        if operator in _LOWER:
            lows[key] = max(lows.get(key, (number, strict)), (number, strict))
        if operator in _UPPER:
            kept, was = highs.get(key, (number, strict))
            highs[key] = (number, strict) if (number, not strict) < (kept, not was) else (kept, was)
    for key, (low, strict) in lows.items():
        high, also = highs.get(key, (low, False))
        if key in highs and (low > high or (low == high and (strict or also))):
            raise RuleInvalid(f"No '{'.'.join(key[0].path)}' can be above {low} and below {high} at once.")


def _bound(
    item: Node, catalogue: Catalogue, noun: Noun, context: Context
) -> tuple[tuple[FieldRef, str | None], Operator, Any] | None:
    if not isinstance(item, Compare) or not isinstance(item.subject, FieldRef):
        return None
    if item.operator not in (*_LOWER, *_UPPER) or isinstance(item.value, tuple | Window):
        return None
    try:
        field = find_field(catalogue, noun, item.subject.path).field
        if field.type not in (FieldType.NUMBER, FieldType.MONEY):
            return None
        return (item.subject, getattr(item.value, "currency", None)), item.operator, typed(field, item.value, context)
    except RuleInvalid:
        return None
