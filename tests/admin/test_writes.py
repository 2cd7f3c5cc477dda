"""No view of the panel changes a record itself: it calls use cases, which leave their trail."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "admin"
# What changes rows: of a model, of a query, of a connection.
WRITING = frozenset(
    {
        "bulk_create",
        "bulk_update",
        "copy_records",
        "execute",
        "execute_many",
        "get_or_create",
        "save",
        "update_or_create",
    }
)
# Also words of Python's own collections, so they count only on something that names a model.
SHARED = frozenset({"create", "update", "delete"})


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def models_of(tree: ast.Module) -> set[str]:
    """The names of models that a file imports."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "models"]
    return {alias.asname or alias.name for node in found for alias in node.names}


def base(node: ast.expr) -> str:
    """The name that a chain such as `Customer.filter(…).update` begins with."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Await):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def writes(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    models = models_of(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        owner = base(called.value) if isinstance(called, ast.Attribute) else ""
        if name in WRITING or (name in SHARED and owner in models):
            yield f"{path.name}:{node.lineno} {owner}.{name}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_view_writes_through_use_cases_only(path: Path) -> None:
    assert list(writes(path)) == []


def test_the_check_would_see_a_write(tmp_path: Path) -> None:
    view = tmp_path / "view.py"
    view.write_text("from models import Customer\nawait c.save()\nawait Customer.filter(id=1).update(name='x')\n")
    assert [each.split(" ")[1] for each in writes(view)] == ["c.save", "Customer.update"]
