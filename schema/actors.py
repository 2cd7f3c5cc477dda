"""Who did something, as it was noted then."""

from typing import Any

import strawberry

from crm.ids import PREFIXES
from schema.enums import ActorKind
from schema.select.declare import column, embedded, sql

_IDS = "CASE {t.actor_kind} WHEN 'STAFF' THEN 'stf_' WHEN 'TOKEN' THEN 'tok_' END || {t.actor_id}"


@strawberry.type(description="Who did something.")
class ActorNote:
    kind: ActorKind = column("actor_kind")
    id: strawberry.ID | None = sql(_IDS, description="The staff member's or token's id.")
    label: str = column("actor_label", description="The name at that time.")


def actor_note() -> Any:
    return embedded(description="Who did it.")


_PREFIX_OF_NOUN = " ".join(f"WHEN '{noun}' THEN '{prefix}_'" for noun, prefix in PREFIXES.items())


def subject_id() -> Any:
    """The public id of the record that a row with `noun` and `noun_id` is about."""
    return sql(
        f"CASE {{t.noun}} {_PREFIX_OF_NOUN} ELSE '' END || {{t.noun_id}}", description="The id of the record concerned."
    )
