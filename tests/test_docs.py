"""The documentation leads where it says, names what exists, and leaves no setting out."""

from __future__ import annotations

import re
from dataclasses import Field, fields
from itertools import chain
from pathlib import Path

import pytest

from crm.settings import ELSEWHERE, PREFIX, Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted(chain(ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md")))
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
SETTINGS = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [link for link in found if "://" not in link and not link.startswith("000M")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in links(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_command_of_a_page_exists(page: Path) -> None:
    named = re.findall(r"(?:^\s*|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= TARGETS


@pytest.mark.parametrize("record", DECISIONS, ids=lambda record: record.name)
def test_every_decision_is_dated_listed_and_enforced(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert re.search(r"^\d{4}-\d\d-\d\d · (accepted|proposed|replaced by \[.+)$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Enforced by"]
    assert f"({record.name})" in (record.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_documented_in_its_own_words(field: Field[object]) -> None:
    variable = ELSEWHERE.get(field.name, PREFIX + field.name.upper())
    line = next((row for row in SETTINGS.splitlines() if f"`{variable}`" in row), "")
    assert field.metadata["help"] in line


def test_no_documented_setting_is_unknown() -> None:
    known = {ELSEWHERE.get(field.name, PREFIX + field.name.upper()) for field in fields(Settings)}
    assert set(re.findall(r"^\| `(\w+)`", SETTINGS, re.MULTILINE)) == known
