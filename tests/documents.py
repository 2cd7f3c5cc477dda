"""Reading the documentation's samples."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted(chain(ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md"), (ROOT / "examples").glob("*.md")))
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """A fenced block: the page it stands in, its language, its text."""

    page: Path
    language: str
    text: str
    number: int

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.number}"


def samples(*languages: str, page: Path | None = None) -> list[Sample]:
    """The blocks in these languages, of one page or of all."""
    return [each for file in ([page] if page else PAGES) for each in blocks(file) if each.language in languages]


def blocks(page: Path) -> list[Sample]:
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    return [
        Sample(page, each[2], re.sub(rf"^{each[1]}", "", each[3], flags=re.MULTILINE), number)
        for number, each in enumerate(found, start=1)
    ]


def with_answers(page: Path) -> list[tuple[Sample, Sample]]:
    """Documents that an answer follows."""
    return [pair for pair in pairwise(blocks(page)) if [each.language for each in pair] == ["graphql", "json"]]
