"""The SQL of a rule and its plain Python evaluation hold for the same customers."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from crm.access import ALL_SCOPES
from crm.database import fetch
from crm.rules.catalogue import build
from crm.rules.check import problems
from crm.rules.evaluate import evaluate
from crm.rules.printer import to_text
from crm.rules.sql import Parameters, Shape, compile
from crm.rules.tree import Node
from crm.rules.values import Context
from tests.crm.rules_world import DEFINITIONS, NOW, Rows, draw, store
from tests.unit.rules.strategies import rules

CATALOGUE = build(DEFINITIONS, base_currency="EUR")
CONTEXT = Context(NOW, "Asia/Tehran", "EUR", frozenset({"vip"}))


async def matched(rule: Node, shape: Shape = Shape.EACH, root: str = "customer") -> set[UUID]:
    binder = Parameters()
    condition = compile(rule, CATALOGUE, alias="c", binder=binder, context=CONTEXT, shape=shape, root=root)
    table = CATALOGUE.noun(root).table
    found = await fetch(f'SELECT c.id FROM "{table}" c WHERE {condition}', *binder.values)  # noqa: S608
    return {row["id"] for row in found}


def expected(rule: Node, rows: Rows, root: str = "customer") -> set[UUID]:
    table = CATALOGUE.noun(root).table
    return {row["id"] for row in rows[table] if evaluate(rule, CATALOGUE, rows, row, context=CONTEXT, root=root)}


@pytest.mark.parametrize("number", range(10))
async def test_sql_and_python_agree_on_random_rules_over_random_data(db: str, number: int) -> None:
    rows = await store(draw(number))
    for rule in sample(number):
        assert await matched(rule) == expected(rule, rows), to_text(rule)
        assert await matched(rule, Shape.SET) == expected(rule, rows), to_text(rule)
        assert await matched(rule, Shape.LIST) == expected(rule, rows), to_text(rule)


@pytest.mark.parametrize("root", ["order", "interaction", "relationship"])
async def test_rules_over_other_nouns_agree_as_well(db: str, root: str) -> None:
    rows = await store(draw(99))
    for rule in sample(7, root=root):
        assert await matched(rule, root=root) == expected(rule, rows, root), to_text(rule)


def sample(number: int, count: int = 60, root: str = "customer") -> list[Node]:
    """Random rules that pass the check, the same ones for the same number."""
    found: list[Node] = []

    @seed(number)
    @settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(rules(CATALOGUE, CATALOGUE.noun(root)))
    def collect(rule: Node) -> None:
        if not problems(rule, CATALOGUE, scopes=ALL_SCOPES, context=CONTEXT, root=root):
            found.append(rule)

    collect()
    assert len(found) > count // 2
    return found
