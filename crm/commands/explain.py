"""`arzesh explain`: what a GraphQL document comes to in the database."""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Any

import orjson
import typer

from crm.commands.running import errors, now, operator, out, run
from crm.errors import CrmError, ValidationFailed
from crm.settings import Settings

EXPLAIN = "schema.explaining:explain"
"""It stands above this package, and is named here as the server is."""


class Unreadable(CrmError):
    """The file cannot be read."""

    code = "BAD_REQUEST"


def explain(
    file: Annotated[Path, typer.Argument(help="A file with a GraphQL document.")],
    variables: Annotated[str, typer.Option(help="The document's variables, as JSON.")] = "{}",
    operation: Annotated[str | None, typer.Option(help="Which of the document's operations.")] = None,
    analyze: Annotated[bool, typer.Option("--analyze", help="Run the statements too, and time them.")] = False,
) -> None:
    """Show the SQL behind a GraphQL document, with PostgreSQL's plan, and warn of large tables that it reads whole.

    A mutation is not carried out: what is shown is how its answer would be read back.
    """
    document, values = text_of(file), json_of(variables)

    async def work(settings: Settings) -> Any:
        depth = "analyze" if analyze else "plan"
        return await resolve_name(EXPLAIN)(document, values, operation, operator(), now=now(), depth=depth)

    for number, statement in enumerate(run(work), start=1):
        show(number, statement)


def text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise Unreadable(f"'{file}' cannot be read: {reason}.", path=("file",)) from None


def json_of(variables: str) -> dict[str, Any]:
    try:
        found = orjson.loads(variables)
    except orjson.JSONDecodeError as error:
        raise ValidationFailed(f"--variables is not JSON: {error}.", path=("variables",)) from None
    if not isinstance(found, dict):
        raise ValidationFailed('--variables is no JSON object; write \'{"name": "value"}\'.', path=("variables",))
    return found


def show(number: int, statement: Any) -> None:
    places = ", ".join(statement.fields)
    print_plain(f"-- {number}. {places}; cost {statement.cost}")
    print_plain(f"{statement.statement};\n")
    for place, kind in enumerate(statement.parameters, start=1):
        print_plain(f"-- ${place}: {kind}")
    for line in statement.plan:
        print_plain(line)
    print_plain("")
    for scan in statement.scans:
        errors.print(f"arzesh: {scan.message}", style="yellow", markup=False)


def print_plain(line: str) -> None:
    out.print(line, markup=False)
