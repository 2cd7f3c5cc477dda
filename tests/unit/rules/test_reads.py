"""A rule tells what it reads, so that only that makes it be asked again."""

from __future__ import annotations

import pytest

from crm.rules.catalogue import build
from crm.rules.reads import reads
from crm.rules.text import parse

CATALOGUE = build([], base_currency="EUR")


def test_a_rule_reads_its_fields_and_the_rows_it_counts() -> None:
    found = reads(parse('country = "IR" and orders.sum(baseAmount, channel = "web") > 5'), CATALOGUE)
    assert found.fields == {("customer", "country"), ("order", "*"), ("order", "baseAmount"), ("order", "channel")}
    assert not found.relative


def test_segments_are_read_by_key() -> None:
    assert reads(parse('in segment "a" or not ever in segment "b"'), CATALOGUE).segments == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "relative"),
    [
        ("orders.some(last 90 days)", True),
        ("orders.some(from 2026-01-01)", False),
        ("createdAt > 3 days ago", True),
        ("createdAt > 2026-01-01", False),
        ("timeInStage > 3 days", True),
        ('left segment "a" within this month', True),
    ],
)
def test_a_rule_that_time_alone_can_change_says_so(text: str, relative: bool) -> None:
    assert reads(parse(text), CATALOGUE).relative is relative


def test_a_rule_that_reads_other_customers_says_so() -> None:
    assert reads(parse("referrals.count(customer.valueMetrics.clv > 1) > 1"), CATALOGUE).others
    assert not reads(parse("valueMetrics.clv > 1"), CATALOGUE).others
