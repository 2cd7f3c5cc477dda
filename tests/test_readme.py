"""The README's answers are those of the data that `make run` loads, and its map names every folder."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from crm.database import connected, options_of
from crm.demo import steps
from crm.settings import Settings
from tests.conftest import Clone
from tests.documents import ROOT, with_answers
from tests.factories import NOW, OWNER
from tests.schema.asking import ask

README = ROOT / "README.md"
QUERY, MUTATION = with_answers(README)
MADE_BY_TOOLS = {"build", "dist"}


@pytest.fixture
async def demonstration(clone: Clone, base_settings: Settings) -> AsyncIterator[None]:
    async with clone() as dsn, connected(dsn, options_of(base_settings, jobs=True)):
        for step in steps.CDNOW:
            await step.run(OWNER, NOW, lambda part: None)
        yield


def forecasts(answer: dict[str, Any]) -> tuple[float, float, int]:
    """What a model foretold, taken out of the answer: its last digits are the machine's."""
    metrics = answer["customer"]["valueMetrics"]
    day = date.fromisoformat(metrics.pop("nextOrderOn")).toordinal()
    return metrics.pop("pAlive"), float(metrics.pop("clv")["amount"]), day


@pytest.mark.slow
async def test_the_query_gets_the_answer_that_is_printed(demonstration: None) -> None:
    found, printed = (await ask(QUERY[0].text)).data, json.loads(QUERY[1].text)
    *shares, day = forecasts(found)
    *printed_shares, printed_day = forecasts(printed)
    assert found == printed
    assert shares == pytest.approx(printed_shares, rel=0.01)
    assert abs(day - printed_day) <= 2


async def test_the_change_gets_the_answer_that_is_printed(db: str) -> None:
    assert (await ask(MUTATION[0].text)).data == json.loads(MUTATION[1].text)


def test_the_map_names_every_folder() -> None:
    folders = {each.name for each in ROOT.iterdir() if each.is_dir() and each.name[0] not in "._"}
    text = README.read_text(encoding="utf-8")
    assert {name for name in folders - MADE_BY_TOOLS if f"| [{name}/](" not in text} == set()
