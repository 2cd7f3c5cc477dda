"""Everything that passed with a customer, as one list of entries of several types, in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from graphql import GraphQLObjectType
from strawberry.scalars import JSON

import models
from crm import ids
from crm.errors import ValidationFailed
from crm.timeline import EntryKind
from crm.timeline.sources import SCOPES, Limits, members, newest
from models import Channel
from schema.actors import ActorNote, actor_note
from schema.connections import PageInfo
from schema.event_data import event_data
from schema.followups import FollowUp
from schema.interactions import Interaction
from schema.lifecycle import StageTransition
from schema.orders import Order
from schema.relationships import Relationship
from schema.segments import SegmentMembership
from schema.select.declare import ReadField, column, embedded, one, part, reads, sql
from schema.select.inputs import Input
from schema.select.kinds import INSTANT, Kind
from schema.select.order import Key
from schema.select.paging import DEFAULT_PAGE, MAX_PAGE, OWNER, cursor_sql, guarded, mark_of, place
from schema.select.render import Ask
from schema.select.rendered import Later, located
from schema.select.rows import Row, table_of
from schema.select.selection import Selected
from schema.select.sources import Rows, Source, built, columns_of, visible
from schema.select.types import SOURCE, Table, table_behind

if TYPE_CHECKING:
    from schema.customers import Customer

strawberry.enum(EntryKind, name="TimelineEntryKind", description="What kind of entry it is.")

LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customers")]


def _owner(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((f"{target.id} = {row.customer_id}",), seen=True)


@strawberry.interface(description="One thing that happened with a customer; what it is, is told by its type.")
class TimelineEntry:
    kind: EntryKind = sql("{t.kind}")
    at: datetime = sql("{t.at}", Kind.INSTANT)
    customer: LazyCustomer = one(_owner, description="Whose entry it is; of an organisation's list maybe a person's.")


@reads(models.Interaction, description="A touchpoint, or a note.")
class InteractionEntry(TimelineEntry):
    interaction: Interaction = embedded()


@reads(models.Order, description="An order.")
class OrderEntry(TimelineEntry):
    order: Order = embedded()


@reads(models.StageTransition, description="A move in a lifecycle.")
class StageMoveEntry(TimelineEntry):
    transition: StageTransition = embedded()


@reads(models.SegmentMembership, description="A customer came into a segment, or went out.")
class MembershipEntry(TimelineEntry):
    membership: SegmentMembership = embedded()


@reads(models.Event, description="An identity was added or taken away; which, is not told.")
class IdentityEntry(TimelineEntry):
    added: bool = sql("{t.type} = 'identity.added'", Kind.BOOLEAN)
    actor: ActorNote = actor_note()


@reads(models.Event, description="What the customer is worth changed.")
class ValueEntry(TimelineEntry):
    figures: JSON = column("data", description="Figure by figure: the value before and after.")
    actor: ActorNote = actor_note()


@reads(models.Event, description="Another customer was merged into this one, or was taken out of it again.")
class MergeEntry(TimelineEntry):
    merged: bool = sql("{t.type} = 'customer.merged'", Kind.BOOLEAN)
    data: JSON = event_data()
    actor: ActorNote = actor_note()


@reads(models.Relationship, description="The customer was connected with another.")
class RelationshipEntry(TimelineEntry):
    relationship: Relationship = embedded()


@reads(models.FollowUp, description="Something that is to be done for the customer; it stands where it is due.")
class FollowUpEntry(TimelineEntry):
    follow_up: FollowUp = embedded()


TYPES: Mapping[type, tuple[EntryKind, ...]] = {
    InteractionEntry: (EntryKind.INTERACTION, EntryKind.NOTE),
    OrderEntry: (EntryKind.ORDER,),
    StageMoveEntry: (EntryKind.STAGE_MOVE,),
    MembershipEntry: (EntryKind.SEGMENT_ENTRY, EntryKind.SEGMENT_EXIT),
    IdentityEntry: (EntryKind.IDENTITY_CHANGE,),
    ValueEntry: (EntryKind.VALUE_CHANGE,),
    MergeEntry: (EntryKind.MERGE,),
    RelationshipEntry: (EntryKind.RELATIONSHIP,),
    FollowUpEntry: (EntryKind.FOLLOW_UP,),
}


@strawberry.type(description="An entry and its place in the timeline.")
class TimelineEdge:
    node: TimelineEntry = part()
    cursor: str = part()


@strawberry.type(description="A page of a timeline, newest first.")
class Timeline:
    edges: list[TimelineEdge] = part("The entries with their cursors.")
    nodes: list[TimelineEntry] = part("The entries alone.")
    page_info: PageInfo = part()


# -- how it compiles -------------------------------------------------------------------------------------------------

INPUTS = (
    Input("first", int | None, "How many entries, 1 to 100; 20 unless said."),
    Input("after", str | None, "The cursor to read on after."),
    Input("kinds", list[EntryKind] | None, "Which kinds; all that you may read unless given."),
    Input("since", datetime | None, "From this time on."),
    Input("until", datetime | None, "Before this time."),
    Input("channel", Channel | None, "Interactions over this channel, and orders that name it."),
    Input("staff_id", strawberry.ID | None, "What this staff member did or is to do."),
    Input("include_people", bool | None, "With those whom an organisation employs."),
)
COMMON = ("kind", "at", "customer", "__typename")
FILTERS = ("kinds", "since", "until", "channel", "staffId", "includePeople")
"""What a cursor belongs to, beside the customer whose timeline it is."""
_KEYS = (*(Key("", kind, False, True, False) for kind in (Kind.INSTANT, Kind.ID, Kind.TEXT)), OWNER)
_CASTS = ("timestamptz", "uuid", "text", "uuid")


def timeline(description: str) -> Any:
    """The timeline of the row, a customer."""
    return ReadField(metadata={SOURCE: Merged(inputs=INPUTS)}, description=description)


@dataclass(frozen=True, kw_only=True)
class Merged(Source):
    """The entries of all sources, merged by time: keys first, then what is selected of those on the page."""

    def render(self, ask: Ask, row: Row) -> str:
        return _Page(ask, row).sql()


class _Page:
    """The SQL of one page. `e` are the keys of its entries, numbered "#"; `a` is what was folded over them."""

    def __init__(self, ask: Ask, row: Row) -> None:
        self.ask = ask
        self.render = ask.render
        self.row = row
        self.size = _size(ask)
        self.entry = Row("e", None)
        self.folded: dict[str, str] = {"n": "count(*)"}

    def sql(self) -> str:
        with self.render.repeated(self.size):
            columns = [
                f'{self.column(n, entry)} AS "{entry.key}"' for n, entry in enumerate(self.ask.selected.children)
            ]
        folds = ", ".join(f'{sql} AS "{name}"' for name, sql in self.folded.items())
        numbered = 'SELECT k.*, row_number() OVER (ORDER BY k.at DESC, k.id DESC, k.kind DESC) AS "#" FROM'
        keys = f"(WITH member AS ({self.members()}) {newest(self.limits())})"
        return (
            f'(SELECT row_to_json("{{}}") FROM (SELECT {", ".join(columns)} FROM '
            f'(SELECT {folds} FROM ({numbered} {keys} k) e) a) "{{}}")'
        )

    def column(self, number: int, entry: Selected) -> str:
        if entry.name == "__typename":
            return "'Timeline'::text"
        if entry.name == "pageInfo":
            return built(f'{self.page_info(part.name)} AS "{part.key}"' for part in entry.children)
        made = self.node(entry) if entry.name == "nodes" else self.edge(entry)
        kept = f'FILTER (WHERE e."#" <= {self.size})'
        self.folded[f"={number}"] = f"coalesce(json_agg({made} ORDER BY e.\"#\") {kept}, '[]')"
        return f'a."={number}"'

    def page_info(self, name: str) -> str:
        self.folded["c"] = f'array_agg({self.cursor()} ORDER BY e."#")'
        return {
            "hasNextPage": f"a.n > {self.size}",
            "hasPreviousPage": "false" if self.after() is None else "true",
            "startCursor": "a.c[1]",
            "endCursor": f"a.c[least(a.n, {self.size})]",
            "__typename": "'PageInfo'::text",
        }[name]

    def cursor(self) -> str:
        mark = self.render.bind(Later(self.mark), "text")
        return cursor_sql([INSTANT.format(x="e.at"), "e.id", "e.kind", self.row.id], mark)

    def mark(self, variables: Mapping[str, Any]) -> str:
        """The sign of this list with its filter."""
        given = (self.ask.argument(name) for name in FILTERS)
        return mark_of(self.ask.selected.coordinate, *(found and found.read(variables) for found in given))

    def edge(self, entry: Selected) -> str:
        return built(f'{self.of_edge(part)} AS "{part.key}"' for part in entry.children)

    def of_edge(self, part: Selected) -> str:
        if part.name == "__typename":
            return "'TimelineEdge'::text"
        return self.cursor() if part.name == "cursor" else self.node(part)

    # -- what is selected of an entry --------------------------------------------------------------------------------

    def node(self, selected: Selected) -> str:
        """The JSON of one entry, made by its type; types of entries that cannot occur are left out."""
        schema = selected.spread.schema
        kinds = self.kinds()
        cases = [
            f"WHEN e.kind IN ({', '.join(repr(kind.value) for kind in of_type)}) "
            f"THEN {self.typed(selected, schema, cls)}"
            for cls, of_type in TYPES.items()
            if kinds & set(of_type)
        ]
        return f"CASE {' '.join(cases)} END" if cases else "NULL::json"

    def typed(self, selected: Selected, schema: Any, cls: type) -> str:
        kind: GraphQLObjectType = schema.type_map[cls.__name__]
        table = table_behind(kind)
        self.render.charge(1)
        target = self.render.row(table.model)
        columns = ", ".join(
            columns_of(self.render, kind, [part], self.entry if part.name in COMMON else target)
            for part in selected.on(kind)
        )
        source = f"FROM {table_of(table.model)} {target.alias_} WHERE {target.id} = e.id"
        return f'(SELECT row_to_json("{{}}") FROM (SELECT {columns} {source}) "{{}}")'

    # -- which entries -----------------------------------------------------------------------------------------------

    def kinds(self) -> frozenset[EntryKind]:
        """The kinds that are asked for; without that, all that the actor may read."""
        asked = self.ask.value("kinds")
        if asked is None:
            return frozenset(kind for kind, scope in SCOPES.items() if scope in self.render.scopes)
        if not asked:
            raise ValidationFailed("kinds is empty; name some, or leave it out.", path=("kinds",))
        for kind in asked:
            self.render.need(SCOPES[kind], self.ask.selected)
        return frozenset(asked)

    def members(self) -> str:
        people = bool(self.ask.value("includePeople"))
        return members(self.row.id, people=people, visible=self.visible())

    def visible(self) -> str | None:
        found = visible(self.render, Table(models.Customer, customers=("id",)), Row("c", models.Customer))
        return " AND ".join(found) or None

    def limits(self) -> Limits:
        return Limits(
            self.kinds(),
            since=self.ask.bound("since", "timestamptz"),
            until=self.until(),
            after=self.after(),
            channel=self.ask.bound("channel", "text", lambda value: value.value),
            staff=self.ask.bound("staffId", "uuid", lambda value: ids.decode("stf", str(value), path=("staffId",))),
            visible=self.visible(),
            number=str(self.size + 1),
        )

    def until(self) -> str | None:
        ask, since = self.ask, self.ask.argument("since")
        found = ask.argument("until")
        if since is None or found is None or ask.bound("until", "timestamptz") is None:
            return ask.bound("until", "timestamptz")

        def ordered(variables: Mapping[str, Any]) -> Any:
            start, end = since.read(variables), found.read(variables)
            if start and start >= end:
                with located(ask.selected):
                    raise ValidationFailed(f"until {end} must lie after since {start}.", path=("until",))
            return end

        return self.render.bind(Later(ordered), "timestamptz")

    def after(self) -> tuple[str, str, str] | None:
        """The place to read on after; asked of another customer's timeline, the statement fails with a guard."""
        cursor = self.ask.argument("after")
        if cursor is None or self.ask.bound("after", "text") is None:
            return None

        def opened(number: int, variables: Mapping[str, Any]) -> Any:
            with located(self.ask.selected):
                found = place(cursor.read(variables), "after", _KEYS, self.mark(variables))
            return found and found[number]

        at, key, kind, owner = (
            self.render.bind(Later(partial(opened, number)), cast) for number, cast in enumerate(_CASTS)
        )
        own = guarded(self.ask, "after", self.row.id, owner, at, "timestamptz")
        return own, key, kind


def _size(ask: Ask) -> int:
    size = ask.value("first")
    if size is not None and not 1 <= size <= MAX_PAGE:
        raise ValidationFailed(f"'first' is {size}; a page has 1 to {MAX_PAGE} entries.", path=("first",))
    return size or DEFAULT_PAGE
