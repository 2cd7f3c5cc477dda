"""What marketers ask in so many words: each rule means the same in SQL and in plain Python, and says something."""

from __future__ import annotations

import pytest

from crm.access import ALL_SCOPES
from crm.rules.check import check
from crm.rules.exposed import NOUNS
from crm.rules.fields import FieldType
from crm.rules.sql import Shape
from crm.rules.text import parse
from tests.crm.rules_world import Rows, draw, store
from tests.crm.test_merging import owned_tables
from tests.crm.test_rules import CATALOGUE, CONTEXT, expected, matched

RULES = {
    "birthday within 7 days": "birthday anniversary within next 7 days",
    "born in this month of the year": "birthday anniversary within this month",
    "bought this month": "orders.some(this month)",
    "last 90 days in Tehran": 'orders.count(last 90 days in "Asia/Tehran") >= 1',
    "referred someone worth more than 10": "referrals.some(customer.valueMetrics.clv > 10)",
    "referred at least one who bought": "referrals.count(customer.orders.count() >= 1) >= 1",
    "dropped from Champion in the last 30 days": 'valueMetrics.previousRfmGroup = "CHAMPION" and '
    "valueMetrics.rfmChangedAt within last 30 days",
    "stands in a stage": 'stage = "client"',
    "stands in a stage of another lifecycle": 'stage("other") = "client"',
    "was ever in a stage": 'ever in stage "lost" of "other"',
    "has long been in its stage": "timeInStage >= 20 days",
    "in a segment now": 'in segment "vip"',
    "in a segment at a time": 'in segment "vip" at 2026-04-01',
    "in a segment some time ago": 'in segment "vip" at 10 days ago',
    "ever in a segment": 'ever in segment "new"',
    "left a segment lately": 'left segment "vip" within last 30 days',
    "last order was small": "orders.last(baseAmount) < 20",
    "first order long ago": "orders.first(placedAt) < 30 days ago",
    "an open follow-up is overdue": 'followUps.some(status = "OPEN" and dueAt < now)',
    "unhappy with delivery": 'interactions.some(attributeRatings("delivery") <= 4)',
    "proposed as strategic": 'designations.some(status = "PROPOSED")',
    "costs more than it says": "costEntries.sum(amount, last 90 days) >= 10 EUR",
    "all orders on the web": 'orders.every(channel = "web") and orders.some()',
    "knows someone in Iran": 'relationships.some(related.country = "IR")',
    "no interaction in a window": "interactions.none(from 2026-03-01 to 2026-04-15)",
}


@pytest.mark.parametrize("number", range(200, 204))
async def test_examples_mean_the_same_in_sql_and_in_python(db: str, number: int) -> None:
    rows: Rows = await store(draw(number))
    for name, text in RULES.items():
        rule = parse(text)
        check(rule, CATALOGUE, scopes=ALL_SCOPES, context=CONTEXT)
        assert await matched(rule) == await matched(rule, Shape.SET) == expected(rule, rows), name


async def test_every_example_finds_somebody_somewhere(db: str) -> None:
    worlds = [draw(number) for number in range(200, 230)]
    silent = [name for name, text in RULES.items() if not any(expected(parse(text), rows) for rows in worlds)]
    assert silent == []


NOT_ASKED = {
    "customer_day": "sums of orders, which rules ask themselves",
    "customer_total": "sums of orders, which rules ask themselves",
    "product_day": "sums of the lines of orders",
    "event": "the log of what was told",
    "audit_entry": "the trail of changes",
    "webhook_delivery": "what webhooks were told",
    "segment_membership": "asked as 'in segment'",
    "stage_position": "asked as 'stage'",
}


def test_rules_can_ask_everything_that_belongs_to_a_customer() -> None:
    """Who adds a noun with a customer's key adds one entry to the catalogue, or says here why not."""
    asked = {exposed.model._meta.db_table for exposed in NOUNS.values()}
    assert owned_tables() - asked == set(NOT_ASKED)


def test_examples_of_ids_are_of_the_right_noun() -> None:
    for noun in CATALOGUE.nouns.values():
        for field in noun.fields.values():
            if field.type is FieldType.ID:
                assert field.example.startswith(f'"{field.prefix}_')
