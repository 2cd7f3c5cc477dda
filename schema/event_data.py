"""What events and the audit trail tell, with masks for what only `pii:read` shows.

`crm.visibility` says the same in Python.
"""

from typing import Any

from crm.access import Scope
from crm.visibility import MASK, identifying
from schema.select.declare import computed
from schema.select.render import Ask
from schema.select.rows import Row

_NAMES = {noun: "ARRAY['" + "', '".join(sorted(identifying(noun))) + "']" for noun in ("identity", "customer")}
_ONE = f"""CASE jsonb_typeof({{value}}) WHEN 'null' THEN {{value}} ELSE '"{MASK}"'::jsonb END"""
_SEVERAL = (
    f"(SELECT coalesce(jsonb_agg({_ONE.format(value='e.v')} ORDER BY e.n), '[]'::jsonb) "
    "FROM jsonb_array_elements(f.v) WITH ORDINALITY AS e(v, n))"
)
_VALUE = f"CASE jsonb_typeof(f.v) WHEN 'array' THEN {_SEVERAL} ELSE {_ONE.format(value='f.v')} END"


def event_data() -> Any:
    """The data of a row of events."""
    return computed(_shown_data, description="What it tells; values of identities are masked without `pii:read`.")


def audit_changes() -> Any:
    """The changes of a row of the audit trail."""
    told = "Field by field: the value before and after; values of identities are masked without `pii:read`."
    return computed(_shown_changes, description=told)


def _shown_data(row: Row, ask: Ask) -> str:
    if Scope.PII_READ in ask.render.scopes:
        return row.data
    shown, changes = _masked(row, row.data), f"{row.data} -> 'changes'"
    both = f"jsonb_set({shown}, ARRAY['changes'], {_masked(row, changes)})"
    return f"CASE jsonb_typeof({changes}) WHEN 'object' THEN {both} ELSE {shown} END"


def _shown_changes(row: Row, ask: Ask) -> str:
    return row.changes if Scope.PII_READ in ask.render.scopes else _masked(row, row.changes)


def _masked(row: Row, told: str) -> str:
    """An object with the values of the fields that hold identities masked."""
    hidden = f"CASE {row.noun} WHEN 'identity' THEN {_NAMES['identity']} ELSE {_NAMES['customer']} END"
    value = f"CASE WHEN f.k = ANY ({hidden}) THEN {_VALUE} ELSE f.v END"
    return f"(SELECT coalesce(jsonb_object_agg(f.k, {value}), '{{}}'::jsonb) FROM jsonb_each({told}) AS f(k, v))"
