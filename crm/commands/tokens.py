"""`arzesh token create|list|revoke`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Column, Table

from crm import tokens
from crm.access import READ_SCOPES
from crm.commands.running import errors, now, operator, out, run, show
from crm.ids import decode, encode
from crm.settings import Settings
from models import ApiToken

app = typer.Typer(help="Credentials of partner apps.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="A scope; say it again for more. Default: all that read.")
    ] = None,
    days: Annotated[int, typer.Option(help="Days until it ends.", min=1, max=365)] = 90,
) -> None:
    """Make a token. Its secret is printed, this once."""

    async def work(settings: Settings) -> tokens.Minted:
        at = now()
        wanted = scope or [each.value for each in READ_SCOPES]
        return await tokens.create(operator(), name=name, scopes=wanted, now=at, expires_at=at + timedelta(days=days))

    made = run(work)
    out.print(made.secret, markup=False)
    ends = f"{made.token.expires_at:%Y-%m-%d}"
    errors.print(f"{encode('tok', made.token.id)}, until {ends}. Keep the secret: it cannot be shown again.")


@app.command("list")
def list_tokens() -> None:
    """List all tokens."""

    async def work(settings: Settings) -> list[ApiToken]:
        return await tokens.all_tokens(operator())

    table = Table(Column("Token", no_wrap=True), "Name", "Ends with", "State", "Scopes", box=None)
    for token in run(work):
        table.add_row(encode("tok", token.id), token.name, token.last_four, _state(token), " ".join(token.scopes))
    show(table)


def _state(token: ApiToken) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    return f"{'ended' if token.expires_at <= now() else 'until'} {token.expires_at:%Y-%m-%d}"


@app.command()
def revoke(token: Annotated[str, typer.Argument(help="Its id, tok_….")]) -> None:
    """End a token at once."""

    async def work(settings: Settings) -> ApiToken:
        return await tokens.revoke(operator(), decode("tok", token), now=now())

    out.print(f"'{run(work).name}' is revoked.", markup=False)
