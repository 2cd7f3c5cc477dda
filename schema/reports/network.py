"""Reports of who is connected to whom, and what a tree of customers amounts to."""

from decimal import Decimal

import strawberry

from crm import network
from schema.enums import RelationshipKind
from schema.reports.support import Info, actor, customer, customer_key, report, told


@strawberry.type(description="A customer, and how many steps away it is.")
class NetworkNode:
    customer_id: strawberry.ID
    name: str
    kind: str
    distance: int
    parent_id: strawberry.ID | None


@strawberry.type(description="A relationship that holds; `inverse` is its name seen from the related one.")
class NetworkLink:
    customer_id: strawberry.ID
    related_id: strawberry.ID
    kind: RelationshipKind
    inverse: str


@strawberry.type
class CustomerNetwork:
    nodes: list[NetworkNode]
    links: list[NetworkLink]
    complete: bool = strawberry.field(description="False when there are more; the nearest are kept.")


@strawberry.type(description="What a tree amounts to; nobody counts twice.")
class TreeTotal:
    customers: int
    people: int
    orders: int
    interactions: int
    valued: int
    revenue: Decimal | None
    net_profit: Decimal | None
    clv: Decimal | None
    currency: str | None


def _node(node: network.Node) -> NetworkNode:
    parent = customer(node.parent_id) if node.parent_id else None
    return told(NetworkNode, node, customer_id=customer(node.customer_id), parent_id=parent)


def _link(link: network.Link) -> NetworkLink:
    return told(NetworkLink, link, customer_id=customer(link.customer_id), related_id=customer(link.related_id))


@strawberry.type
class NetworkReports:
    @report("Everybody within some steps of a customer. Needs customer:read.")
    async def network(
        self,
        info: Info,
        customer_id: strawberry.ID,
        steps: int = 2,
        kinds: list[RelationshipKind] | None = None,
        limit: int = 200,
    ) -> CustomerNetwork:
        found = await network.near(actor(info), customer_key(customer_id), steps=steps, kinds=kinds, limit=limit)
        nodes, links = [_node(node) for node in found.nodes], [_link(link) for link in found.links]
        return CustomerNetwork(nodes=nodes, links=links, complete=found.complete)

    @report("A customer and all below it: subsidiaries, or referrals. Needs customer:read.")
    async def customer_tree(
        self,
        info: Info,
        customer_id: strawberry.ID,
        kind: RelationshipKind = RelationshipKind.PARENT_COMPANY,
        limit: int = 500,
    ) -> list[NetworkNode]:
        found = await network.tree(actor(info), customer_key(customer_id), kind=kind, limit=limit)
        return [_node(node) for node in found]

    @report("The way up from a customer: referrers, or parents. Needs customer:read.")
    async def customer_chain(
        self,
        info: Info,
        customer_id: strawberry.ID,
        kind: RelationshipKind = RelationshipKind.REFERRED_BY,
    ) -> list[NetworkNode]:
        return [_node(node) for node in await network.chain(actor(info), customer_key(customer_id), kind=kind)]

    @report(
        "Value and activity of a customer and all below it. "
        "Needs customer:read, value:read, order:read and interaction:read."
    )
    async def customer_tree_total(
        self,
        info: Info,
        customer_id: strawberry.ID,
        kind: RelationshipKind = RelationshipKind.PARENT_COMPANY,
        people: bool = False,
    ) -> TreeTotal:
        found = await network.total(actor(info), customer_key(customer_id), kind=kind, people=people)
        return told(TreeTotal, found)
