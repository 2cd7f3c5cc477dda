"""`arzesh staff create|list|password`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from crm import roles, staff, text
from crm.access import BUILT_IN_ROLES
from crm.commands.running import now, operator, out, run, show
from crm.credentials import random_text
from crm.errors import NotFound
from crm.settings import Settings
from models import StaffMember

PASSWORD_LENGTH = 16
app = typer.Typer(help="The people of the back office.", no_args_is_help=True)


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="The e-mail address to sign in with.")],
    name: Annotated[str, typer.Option(help="How the person is called.")] = "",
    role: Annotated[str, typer.Option(help=f"One of {', '.join(BUILT_IN_ROLES)}, or a role of yours.")] = "agent",
    ask: Annotated[bool, typer.Option("--ask-password", help="Ask for the password instead of making one.")] = False,
) -> None:
    """Add somebody who may sign in to the panel."""
    password = asked() if ask else random_text(PASSWORD_LENGTH)

    async def work(settings: Settings) -> None:
        await roles.install_built_in(operator())
        fields: staff.StaffFields = {"email": email, "name": name or email.partition("@")[0], "role": role}
        await staff.create(operator(), fields=fields, password=password)

    run(work)
    out.print(f"{email} may sign in as {role}." + ("" if ask else f" Password: {password}"), markup=False)


@app.command()
def password(
    email: Annotated[str, typer.Argument(help="Whose.")],
    ask: Annotated[bool, typer.Option("--ask-password", help="Ask for the password instead of making one.")] = False,
) -> None:
    """Give somebody a new password, which ends their sessions."""
    fresh = asked() if ask else random_text(PASSWORD_LENGTH)

    async def work(settings: Settings) -> None:
        member = await StaffMember.get_or_none(email=text.email(email))
        if member is None:
            raise NotFound(f"There is no staff member '{email}'; `arzesh staff list` lists them.")
        await staff.set_password(operator(), member.id, fresh, now=now())

    run(work)
    out.print("The password is changed." if ask else f"Password: {fresh}", markup=False)


@app.command("list")
def list_staff() -> None:
    """List everybody."""

    async def work(settings: Settings) -> list[StaffMember]:
        return await StaffMember.all().order_by("email").prefetch_related("role")

    table = Table("E-mail", "Name", "Role", "May sign in", box=None)
    for member in run(work):
        table.add_row(member.email, member.name, member.role.key, "yes" if member.active else "no")
    show(table)


def asked() -> str:
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer
