"""Subscriptions: documents that are checked once, and read again whenever something happened."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from graphql import OperationType

from crm.access import Actor
from crm.errors import CrmError, ValidationFailed
from crm.events import EventType
from crm.feed import Heard
from crm.ids import decode
from schema.select.answer import spliced
from schema.select.execution import Execution, check_cost, rendered_reads
from schema.select.reader import Reader
from schema.select.rendered import Located, Rendered
from schema.select.request import GraphQLRequest
from schema.select.selection import Selected
from schema.subscription import CUSTOMER, EVENT

KNOWN = frozenset(kind.value for kind in EventType)


class NoSubscription(CrmError):
    """The operation is no subscription."""

    code = "BAD_REQUEST"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which events a subscription is about, and which of them are one to its reader."""

    types: frozenset[str] = frozenset()
    customer: UUID | None = None
    after: UUID | None = None
    customers_only: bool = False

    def wants(self, heard: Heard) -> bool:
        if self.types and heard.type not in self.types:
            return False
        if self.customer and heard.customer_id != self.customer:
            return False
        return heard.customer_id is not None or not self.customers_only

    def key(self, heard: Heard) -> Hashable:
        return heard.customer_id if self.customers_only else heard.place


def _events(given: Mapping[str, Any]) -> Wish:
    return Wish(_types(given), _id("cus", given, "customer"), _id("evt", given, "after"))


def _customers(given: Mapping[str, Any]) -> Wish:
    return Wish(_types(given), _id("cus", given, "id"), customers_only=True)


WISHES: dict[str, Callable[[Mapping[str, Any]], Wish]] = {"events": _events, "customerChanged": _customers}


def _types(given: Mapping[str, Any]) -> frozenset[str]:
    types = given.get("types")
    if types is not None and not types:
        raise ValidationFailed("'types' is empty; leave it out for events of all types.", path=("types",))
    for name in types or ():
        if name not in KNOWN:
            near = get_close_matches(name, KNOWN, 1)
            hint = f"; did you mean '{near[0]}'?" if near else "."
            raise ValidationFailed(f"There are no events of type '{name[:60]}'{hint}", path=("types",))
    return frozenset(types or ())


def _id(prefix: str, given: Mapping[str, Any], name: str) -> UUID | None:
    text = given.get(name)
    try:
        return decode(prefix, text) if text is not None else None
    except CrmError as error:
        raise error.under(name) from None


@dataclass(frozen=True, slots=True)
class Stream:
    """A subscription that may be read by whoever asked for it."""

    execution: Execution
    wish: Wish
    cost: int

    async def read(self, heard: Heard, actor: Actor, now: datetime) -> bytes | None:
        """The answer about an event, as the actor may see it now; None when it does not exist for the actor.

        Raises Located and CrmError, such as Forbidden when a scope was taken away.
        """
        request = replace(self.execution.request, now=now)
        variables = {**self.execution.variables, "@actor": actor, EVENT: heard.id, CUSTOMER: heard.customer_id}
        execution = Execution(request, actor, self.execution.plan, variables)
        rendered = await rendered_reads(execution)
        (found,) = await execution.read(rendered)
        (head,) = execution.plan.heads.values()
        return None if found == b"null" else spliced([(head, found)], {})


async def opened(reader: Reader, request: GraphQLRequest, actor: Actor) -> Stream:
    """Check a subscription: its document, scopes and cost. Raises Invalid, Located and CrmError."""
    _, execution = reader.prepare(request, actor)
    if execution.plan.operation.operation is not OperationType.SUBSCRIPTION:
        raise NoSubscription
    (root,) = execution.plan.roots
    wish = wish_of(root, execution.variables)
    rendered: Rendered = await rendered_reads(execution)
    check_cost(rendered.cost, root)
    return Stream(execution, wish, rendered.cost)


def wish_of(root: Selected, variables: Mapping[str, Any]) -> Wish:
    given = {name: argument.read(variables) for name, argument in root.arguments.items()}
    try:
        return WISHES[root.name](given)
    except CrmError as error:
        raise Located(error, root) from error
