"""The one place that keeps rows outside an actor's row filter out of every statement."""

from __future__ import annotations

from crm.rules import json_form, reads, sql
from models import Customer
from schema.select.moving import moving
from schema.select.render import Render
from schema.select.rendered import Rules
from schema.select.rows import Row, table_of
from schema.select.types import Table


def visibility(render: Render, row: Row, table: Table) -> list[str]:
    """The conditions under which a row of a table exists for the actor: all customers it belongs to do."""
    rule = render.row_filter
    if rule is None or not table.customers:
        return []
    return [_customer_visible(render, row, column, table.optional) for column in table.customers]


def _customer_visible(render: Render, row: Row, column: str, optional: bool) -> str:
    if row.model_ is Customer:
        return _holds(render, row)
    customer = render.row(Customer)
    found = (
        f"EXISTS (SELECT FROM {table_of(Customer)} {customer.alias_} "
        f"WHERE {customer.id} = {getattr(row, column)} AND {_holds(render, customer)})"
    )
    return f"({getattr(row, column)} IS NULL OR {found})" if optional else found


def _holds(render: Render, customer: Row) -> str:
    """The row filter over one customer. It was checked when the token was made; its bearer need not read its fields."""
    assert render.row_filter is not None
    reading = render.reading
    tree = json_form.from_json(render.row_filter)

    def compiled(rules: Rules, binder: sql.Binder) -> str:
        return sql.compile(tree, rules.catalogue, alias=customer.alias_, binder=binder, context=rules.context)

    relative = reads.reads(tree, reading.catalogue).relative
    return f"({moving(render, compiled) if relative else compiled(reading, render)})"
