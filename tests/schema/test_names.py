"""Filters name segments and stages that there are; a misspelt one is no empty list."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.schema.asking import ask
from tests.schema.world import World

LIST = "query($where: CustomerWhere) { customers(where: $where) { count { value } } }"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"segment": {"key": "seg-15"}}, "There is no segment 'seg-15'. Did you mean 'seg15'?"),
        ({"segment": {"key": "nobody", "ever": True}}, "There is no segment 'nobody'."),
        ({"stage": {"in": ["stage7", "stge7"]}}, "There is no stage 'stge7'. Did you mean 'stage7'?"),
        ({"stage": {"eq": "stage7", "of": "pathh5"}}, "There is no lifecycle 'pathh5'. Did you mean 'path5'?"),
        ({"everInStage": {"key": "Stage 7"}}, "There is no stage 'Stage 7'."),
    ],
)
async def test_a_filter_by_what_there_is_not_says_so(world: World, where: dict[str, Any], said: str) -> None:
    answer = await ask(LIST, {"where": where})
    assert (answer.code, answer.errors[0]["extensions"]["inputPath"]) == ("VALIDATION_FAILED", ["where"])
    assert answer.errors[0]["message"].startswith(said)


async def test_what_was_just_made_is_known_to_filters_at_once(db: str) -> None:
    young = {"where": {"segment": {"key": "young"}}}
    assert (await ask(LIST, young)).code == "VALIDATION_FAILED"
    await factories.segment(key="young")
    assert (await ask(LIST, young)).data == {"customers": {"count": {"value": 0}}}
