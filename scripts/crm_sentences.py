"""The sentences that use cases can say, as forms with places for values, taken from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1] / "crm"
# What nothing in the panel leads to: the command line, demonstrations, maths.
ELSEWHERE = frozenset(
    {
        *("commands", "demo", "embedded", "database", "value", "jobs", "backup"),
        *(
            "settings.py",
            "doctor.py",
            "network.py",
            "files.py",
            "history.py",
            "library.py",
            "events.py",
            "idempotency.py",
        ),
    }
)
VALUE_PAGES = ("value", "runs")
ERRORS = frozenset(
    {
        "Blocked",
        "Busy",
        "CrmError",
        "DuplicateFound",
        "Forbidden",
        "NotFound",
        "RuleInvalid",
        "Throttled",
        "Unauthenticated",
        "ValidationFailed",
        "VersionConflict",
        "WrongKind",
        "_wrong",
    }
)
_CALLED = frozenset({"encode", "join", "len", "min", "set", "sorted", "str"})
SHORTEST = 5
"""Letters that a form must have of its own to be recognised by them."""


def sentences() -> set[str]:
    """Every form that a refusal's message can have, and the classes' own messages."""
    return set(chain(_classes(), *(_in_file(path) for path in sorted(ROOT.rglob("*.py")) if _relevant(path))))


def _relevant(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return parts[:2] == VALUE_PAGES or not ELSEWHERE & set(parts)


def _classes() -> Iterator[str]:
    for node in ast.parse((ROOT / "errors.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield (ast.get_docstring(node) or "").strip().split("\n")[0]


def _in_file(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
            yield from filter(None, map(form, node.args))
        elif isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["message"]:
            yield from filter(None, [form(node.value)])


def form(node: ast.expr) -> str | None:
    """The form of a text in the code; None for what is no text, or too little of one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        names: list[str] = []
        text = "".join(_part(part, names) for part in node.values)
    else:
        return None
    own = "".join(part for index, part in enumerate(text.replace("}", "{").split("{")) if index % 2 == 0)
    return text if sum(map(str.isalpha, own)) >= SHORTEST and " " in text else None


def _part(part: ast.expr, names: list[str]) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    name = _name(part.value)
    names.append(name)
    return f"{{{name}{names.count(name) if names.count(name) > 1 else ''}}}"


def _name(node: ast.expr) -> str:
    """A name for a value, for translators: that of the variable or attribute it comes from."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    inner = [child for child in ast.walk(node) if isinstance(child, ast.Name | ast.Attribute) and child is not node]
    found = [
        _name(child) for child in inner if _name(child) not in ("str", "len", "sorted", "join", "min", "encode", "set")
    ]
    return found[0] if found else "value"
