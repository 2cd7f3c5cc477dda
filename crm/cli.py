"""The program `arzesh`: one line for each command, one line for each error."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from crm.commands import (
    backup,
    demo,
    doctor,
    explain,
    imports,
    migrate,
    organization,
    serve,
    staff,
    tokens,
    value,
    worker,
)
from crm.commands.running import errors, out
from crm.errors import CrmError, DatabaseUnavailable, Problems, SettingsInvalid

app = typer.Typer(
    name="arzesh",
    help="A headless CRM: every customer, where it stands, and what it is worth, behind one GraphQL API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("demo")(demo.demo)
app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("explain")(explain.explain)
app.command("organization")(organization.organization)
app.add_typer(imports.app, name="import")
app.add_typer(tokens.app, name="token")
app.add_typer(staff.app, name="staff")
app.add_typer(value.app, name="value")


@app.command()
def version() -> None:
    """Say which version this is."""
    out.print(f"arzesh {version_of('arzesh')}")


def asked_for_version(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=asked_for_version)
    ] = False,
) -> None:
    """What is asked of the program itself."""


def main() -> None:
    """Run a command. Exit code 1 says that it failed, 2 that it was called or set up wrongly."""
    try:
        app()
    except SettingsInvalid as problem:
        tell(problem)
        sys.exit(2)
    except DatabaseUnavailable as problem:
        named = "DATABASE_URL names it; " if os.environ.get("DATABASE_URL") else ""
        tell(DatabaseUnavailable(f"{problem.message} {named}`arzesh doctor` looks closer."))
        sys.exit(1)
    except CrmError as problem:
        tell(problem)
        sys.exit(1)


def tell(problem: CrmError) -> None:
    for each in problem.problems if isinstance(problem, Problems) else [problem]:
        errors.print(f"arzesh: {each.message}", style="red", markup=False)
