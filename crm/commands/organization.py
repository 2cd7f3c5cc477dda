"""`arzesh organization`: the organisation's own choices."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from crm.commands.running import operator, out, run, show
from crm.errors import ValidationFailed
from crm.organization import Organization, change, current
from crm.settings import Settings


def organization(
    name: Annotated[str | None, typer.Option(help="What the panel calls it.")] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(help="The clock that days end by, such as Asia/Tehran; days of purchases are counted anew."),
    ] = None,
    country: Annotated[
        str | None, typer.Option(help="Two letters: telephone numbers without a country are of it.")
    ] = None,
    base_currency: Annotated[str | None, typer.Option(help="Three letters; fixed by the first order.")] = None,
) -> None:
    """Show the organisation's choices, after changing those that are given."""
    given = {"name": name, "time_zone": time_zone, "country": country, "base_currency": base_currency}
    chosen = {key: value for key, value in given.items() if value is not None}
    if any(not value.strip() for value in chosen.values()):
        raise ValidationFailed("An option is empty: leave it out, or give it a value.", path=("organization",))

    async def work(settings: Settings) -> Organization:
        return await (change(operator(), patient=True, **chosen) if chosen else current())

    house = run(work)
    table = Table(show_header=False)
    for label, value in (
        ("name", house.name),
        ("time zone", house.time_zone),
        ("country", house.country or "none"),
        ("base currency", house.base_currency),
    ):
        table.add_row(label, value)
    show(table, out)
