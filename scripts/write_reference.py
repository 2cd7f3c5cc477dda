"""Write the generated parts of docs/reference/ from the code: `make reference`."""

from __future__ import annotations

import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from typer.main import get_command

import api
import crm
import schema
from crm.access import BUILT_IN_ROLES, SCOPE_HELP
from crm.cli import app as program
from crm.errors import CrmError
from crm.events import EventType
from crm.rules.catalogue import build
from crm.rules.fields import OPERATORS, Catalogue, Field, Noun
from schema.problems import ProblemCode

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
NOT_FOR_CLIENTS = frozenset(
    {
        "CANCELLED",
        "CANNOT_LISTEN",
        "COPY_FAILED",
        "EMBEDDED_DATABASE",
        "FAILED",
        "FIT_REJECTED",
        "INSUFFICIENT_DATA",
        "MIGRATIONS_MISSING",
        "NOT_EMPTY",
        "SETTINGS_INVALID",
    }
)
"""Codes that only whoever operates a server sees, or that value runs catch."""
MEANINGS = {
    "BAD_REQUEST": "The request is malformed, or its document has no such operation.",
    "METHOD_NOT_ALLOWED": "The address does not take this method; mutations go by POST.",
    "PERSISTED_QUERY_NOT_FOUND": "The hash is not known here: send the document once more along with it.",
    "PERSISTED_QUERY_NOT_SUPPORTED": "This server answers trusted documents only.",
}
"""For codes that several failures share, and for those whose wording is Apollo's."""


def table(*heads: str, rows: Iterable[Iterable[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def code(text: str) -> str:
    return f"`{text}`" if text else ""


# -- scopes and events -----------------------------------------------------------------------------------------------


def scopes() -> str:
    marks = {role: {scope: "yes" if scope in held else "" for scope in SCOPE_HELP} for role, held in roles()}
    rows = ([code(scope), help, *(marks[role][scope] for role in marks)] for scope, help in SCOPE_HELP.items())
    return table("Scope", "Allows", *marks, rows=rows)


def roles() -> Iterator[tuple[str, frozenset[Any]]]:
    yield from BUILT_IN_ROLES.items()


def events() -> str:
    nouns: dict[str, list[str]] = {}
    for each in EventType:
        nouns.setdefault(each.partition(".")[0].replace("_", " "), []).append(code(each))
    return table("About", "Types", rows=([noun, " ".join(types)] for noun, types in nouns.items()))


# -- errors ----------------------------------------------------------------------------------------------------------


def error_classes(root: type[CrmError] = CrmError) -> Iterator[type[CrmError]]:
    """Every kind of failure that is known, the general before the particular."""
    yield from root.__subclasses__()
    for each in root.__subclasses__():
        yield from error_classes(each)


def know_all() -> None:
    """Import every module: an error class exists once its module does."""
    for package in (api, crm, schema):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)


def errors() -> str:
    know_all()
    known: dict[str, type[CrmError]] = {}
    for each in error_classes():
        if each.__module__.partition(".")[0] in ("api", "crm", "schema") and each.code not in NOT_FOR_CLIENTS:
            known.setdefault(each.code, each)
    rows = (
        [
            code(name),
            str(each.status),
            "yes" if name in ProblemCode.__members__ else "",
            MEANINGS.get(name) or meaning(each),
        ]
        for name, each in sorted(known.items())
    )
    return table("Code", "HTTP status", "Also a problem", "Means", rows=rows)


def meaning(error: type[CrmError]) -> str:
    return " ".join((error.__doc__ or "").strip().split("\n\n")[0].split())


# -- what rules can ask ----------------------------------------------------------------------------------------------


def operators() -> str:
    rows = ([kind.value.lower(), ", ".join(code(each) for each in fitting)] for kind, fitting in OPERATORS.items())
    return table("Type", "Operators of the tree form", rows=rows)


def fields() -> str:
    catalogue = build([], base_currency="USD")
    shown = [noun for key, noun in catalogue.nouns.items() if key != "custom"]
    return "\n\n".join(noun_section(catalogue, noun) for noun in shown)


def noun_section(catalogue: Catalogue, noun: Noun) -> str:
    dated = f" Windows go by `{noun.time}`." if noun.time else ""
    head = f"## {noun.key}\n\n{noun.label.en} · {noun.label.fa} · {noun.label.zh}. Needs {code(noun.scope)}.{dated}"
    rows = (field_row(noun, each) for each in noun.fields.values())
    parts = [head, table("Field", "Type", "Example", "Values", rows=rows)]
    if noun.relations:
        related = (
            [code(each.key), f"{'many' if each.many else 'one'} `{each.target}`"] for each in noun.relations.values()
        )
        parts.append(table("Related", "Leads to", rows=related))
    return "\n\n".join(parts)


def field_row(noun: Noun, field: Field) -> list[str]:
    unit = f" ({field.unit})" if field.unit else ""
    scope = f", needs {code(field.scope)}" if field.scope and field.scope != noun.scope else ""
    return [
        code(field.key),
        field.type.value.lower() + unit + scope,
        code(field.example),
        " ".join(map(code, field.choices)),
    ]


# -- the command line ------------------------------------------------------------------------------------------------


def commands() -> str:
    return "\n\n".join(command_section(name, command) for name, command in leaves("arzesh", get_command(program)))


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    for key, inner in getattr(command, "commands", {}).items():
        if getattr(inner, "commands", None):
            yield from leaves(f"{name} {key}", inner)
        else:
            yield f"{name} {key}", inner


def command_section(name: str, command: Any) -> str:
    arguments = " ".join(each.name.upper() for each in command.params if each.param_type_name == "argument")
    usage = " ".join(filter(None, [name, arguments, "[options]" if options(command) else ""]))
    rows = [parameter_row(each) for each in command.params]
    parts = [f"## {name}", (command.help or "").strip(), f"```\n{usage}\n```"]
    return "\n\n".join([*parts, table("Parameter", "Default", "Means", rows=rows)] if rows else parts)


def options(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "option"]


def parameter_row(parameter: Any) -> list[str]:
    names = [parameter.name.upper()] if parameter.param_type_name == "argument" else parameter.opts
    default = parameter.default
    shown = "" if default is None or default is False or callable(default) else str(default)
    return [" ".join(map(code, names)), code(shown), parameter.help or ""]


BLOCKS: dict[str, Callable[[], str]] = {
    "scopes": scopes,
    "events": events,
    "errors": errors,
    "operators": operators,
    "fields": fields,
    "commands": commands,
}


def renewed(page: str) -> str:
    """A page with its generated blocks as the code says now."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n\n{found[3]}", page)


if __name__ == "__main__":
    for file in sorted(FOLDER.glob("*.md")):
        before = file.read_text(encoding="utf-8")
        if (after := renewed(before)) != before:
            file.write_text(after, encoding="utf-8")
            sys.stdout.write(f"{file.name} written\n")
