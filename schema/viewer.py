"""Whoever is asking."""

import strawberry

from crm.ids import encode
from schema.enums import ActorKind
from schema.select.declare import given, one
from schema.select.render import Ask
from schema.select.rendered import Later
from schema.select.rows import Row
from schema.select.sources import Rows
from schema.staff import StaffMember

_PREFIXES = {ActorKind.STAFF: "stf", ActorKind.TOKEN: "tok"}


def _oneself(row: Row, target: Row, ask: Ask) -> Rows:
    key = ask.render.bind(
        Later(lambda variables: actor.id if (actor := variables["@actor"]).kind is ActorKind.STAFF else None), "uuid"
    )
    return Rows((f"{target.id} = {key}",))


@strawberry.type(description="Whoever is asking: a person of the back office, or an app with a token.")
class Viewer:
    kind: ActorKind = given(lambda actor: actor.kind.value)
    id: strawberry.ID | None = given(lambda actor: encode(_PREFIXES[actor.kind], actor.id) if actor.id else None)
    label: str = given(lambda actor: actor.label, description="The name.")
    scopes: list[str] = given(lambda actor: sorted(actor.scopes), "text[]", description="What it may do.")
    staff: StaffMember | None = one(_oneself, description="The person, if it is one.")
