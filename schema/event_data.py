"""What an event tells, without what only `pii:read` shows."""

from typing import Any

from crm.access import Scope
from crm.visibility import identifying
from schema.select.declare import computed
from schema.select.render import Ask
from schema.select.rows import Row

_NAMES = {noun: "ARRAY['" + "', '".join(sorted(identifying(noun))) + "']" for noun in ("identity", "customer")}


def event_data() -> Any:
    """The data of a row of events; `crm.visibility.shown_data` says the same in Python."""
    return computed(_shown, description="What the event tells; values of identities are left out without `pii:read`.")


def _shown(row: Row, ask: Ask) -> str:
    if Scope.PII_READ in ask.render.scopes:
        return row.data
    hidden = f"CASE {row.noun} WHEN 'identity' THEN {_NAMES['identity']} ELSE {_NAMES['customer']} END"
    changes = f"{row.data} -> 'changes'"
    kept = f"jsonb_set({row.data}, ARRAY['changes'], ({changes}) - ({hidden}))"
    return f"(CASE jsonb_typeof({changes}) WHEN 'object' THEN {kept} ELSE {row.data} END - ({hidden}))"
