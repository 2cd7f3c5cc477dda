"""The documentation leads where it says, names what exists, and leaves no setting out."""

from __future__ import annotations

import re
from dataclasses import Field, fields
from pathlib import Path

import pytest

from crm.settings import ELSEWHERE, PREFIX, Settings
from schema.problems import ProblemCode
from scripts.write_reference import BLOCK, renewed
from tests.documents import PAGES, ROOT

REFERENCE = ROOT / "docs" / "reference"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
SETTINGS = (REFERENCE / "settings.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=lambda page: page.name)
def test_generated_parts_say_what_the_code_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run `make reference`"


def test_scopes_events_errors_rules_and_commands_are_all_generated() -> None:
    found = {name for page in REFERENCE.glob("*.md") for _, name, _ in BLOCK.findall(page.read_text(encoding="utf-8"))}
    assert found == {"scopes", "events", "errors", "operators", "fields", "commands"}


@pytest.mark.parametrize("code", list(ProblemCode))
def test_every_problem_is_explained(code: ProblemCode) -> None:
    assert f"`{code.value}`" in (REFERENCE / "errors.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["how-to", "reference"])
def test_every_page_is_listed_where_one_looks_for_it(folder: str) -> None:
    listed = links(ROOT / "docs" / folder / "README.md")
    assert {page.name for page in (ROOT / "docs" / folder).glob("*.md")} - {"README.md"} <= set(listed)
