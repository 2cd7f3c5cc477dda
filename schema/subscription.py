"""The roots of subscriptions: what one hears of, and how it is read each time."""

import strawberry

from crm.events import EventType
from schema.customers import Customer
from schema.records import Event
from schema.select import filters
from schema.select.declare import one
from schema.select.inputs import Input
from schema.select.render import Ask
from schema.select.rendered import Later
from schema.select.rows import Row
from schema.select.sources import Rows
from schema.select.types import TABLE
from schema.select.wheres import where_input

EVENT = "@event"
CUSTOMER = "@customer"
TYPES = Input(
    "types", list[str] | None, f"Only events of these types, such as {EventType.ORDER_RECORDED}; all unless given."
)


def _key(target: Row, ask: Ask, name: str) -> str:
    return f"{target.id} = {ask.render.bind(Later(lambda variables: variables.get(name)), 'uuid')}"


def _event(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((_key(target, ask, EVENT),))


def _customer(row: Row, target: Row, ask: Ask) -> Rows:
    where = ask.passing("where")
    held = (filters.condition(ask, getattr(Customer, TABLE), target, where),) if where is not None else ()
    return Rows((_key(target, ask, CUSTOMER), *held))


@strawberry.type
class Subscription:
    """What one can be told of as soon as it happens, over WebSocket (graphql-transport-ws) or server-sent events."""

    events: Event = one(
        _event,
        TYPES,
        Input("customer", strawberry.ID | None, "Only events of this customer."),
        Input(
            "after", strawberry.ID | None, "Begin after this event, which was the last one read; with now if not given."
        ),
        description="What happens, in order, each event once it is certain.",
    )
    customer_changed: Customer = one(
        _customer,
        TYPES,
        Input("id", strawberry.ID | None, "Only this customer."),
        Input(
            "where",
            made=lambda node: where_input(getattr(Customer, TABLE).model),
            description="Only customers who then fit.",
        ),
        description="A customer, each time after something happened to it; changes in quick succession are told once.",
    )
