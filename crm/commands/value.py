"""`arzesh value`: what every customer is worth."""

from __future__ import annotations

from datetime import UTC, datetime
from pkgutil import resolve_name
from typing import Annotated, Any

import typer

from crm.commands.progress import told
from crm.commands.running import now, operator, out, run
from crm.errors import ValidationFailed
from crm.settings import Settings

app = typer.Typer(help="What customers are worth: compute it, or take up an interrupted run.", no_args_is_help=True)

RUNS = "crm.value.runs"
"""Named, not imported: numpy and scipy take a second that no other command should wait for."""

AsOf = Annotated[
    str | None,
    typer.Option(help="Value customers as of this moment: 2026-03-31 or 2026-03-31T12:00Z; now if left out."),
]


def moment(text: str) -> datetime:
    """A date, meaning its end in UTC (today: this moment), or a time with its zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValidationFailed(
            f"--as-of '{text}' is no time; write 2026-03-31 or 2026-03-31T12:00Z.", path=("asOf",)
        ) from None
    if len(text) <= len("2026-03-31"):
        end = at.replace(hour=23, minute=59, second=59, microsecond=999_999, tzinfo=UTC)
        return min(end, now()) if at.date() == now().date() else end
    return at


@app.command()
def recompute(as_of: AsOf = None) -> None:
    """Value every customer and publish the figures; readers see the old ones until the new are complete."""
    at = moment(as_of) if as_of else None

    async def work(settings: Settings) -> Any:
        with told("Value of every customer") as shown:
            done = await resolve_name(f"{RUNS}:recompute")(operator(), as_of=at, now=now())
            shown.result = f"{done.customers:,} customers, model {done.model or 'none'}"
        return done

    describe(run(work))


@app.command()
def resume() -> None:
    """Take up a run that was interrupted."""

    async def work(settings: Settings) -> Any:
        return await resolve_name(f"{RUNS}:resume")(operator(), now=now())

    done = run(work)
    if done is None:
        out.print("No run was interrupted.")
    else:
        describe(done)


def describe(done: Any) -> None:
    state = f"{done.status.value.lower()}{', current' if done.is_current else ''}"
    out.print(f"Run {done.id} as of {done.as_of:%Y-%m-%d %H:%M %Z}: {state}.", markup=False)
    for warning in done.warnings:
        out.print(f"  warning: {warning}", markup=False)
