"""No view writes by itself: whatever changes, a use case changes it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ADMIN = Path(__file__).parents[2] / "admin"
ORM_WRITES = {
    "save",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
    "select_for_update",
    "execute",
    "execute_many",
    "copy_records",
}
SQL_WRITES = re.compile(r"\b(INSERT INTO|UPDATE \w+ SET|DELETE FROM|TRUNCATE|MERGE INTO)\b", re.IGNORECASE)


def sources() -> list[Path]:
    return sorted(ADMIN.rglob("*.py"))


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def models_of(tree: ast.Module) -> set[str]:
    imports = [
        node for node in tree.body if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("models")
    ]
    return {name.asname or name.name for node in imports for name in node.names}


def root(node: ast.expr) -> str:
    """The name that a chain of calls and attributes begins with."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_nothing_in_the_panel_writes_through_a_model_or_by_sql(path: Path) -> None:
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    models = models_of(tree)
    direct = [called(call) for call in calls if called(call) in ORM_WRITES]
    chained = [
        called(call) for call in calls if called(call) in ("create", "update", "delete") and root(call) in models
    ]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert direct + chained + [text for text in texts if SQL_WRITES.search(text)] == []


@pytest.mark.parametrize("path", sorted((ADMIN / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_no_page_asks_another_host(path: Path) -> None:
    found = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//[^\s"')]+""", path.read_text())
    assert found == []
