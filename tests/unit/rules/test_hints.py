"""Who writes a rule as another system would have it is told how this one says it."""

from __future__ import annotations

import pytest

from crm.access import ALL_SCOPES
from crm.errors import CrmError
from crm.rules.check import check
from crm.rules.printer import to_text
from crm.rules.text import parse
from tests.unit.rules.test_check import CATALOGUE, CONTEXT, faults


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("birthday within 7 days", "next 7 days"),
        ("country = Iran", 'quotes: "Iran"'),
        ("displayName contains 'Ali'", "double quotes"),
        ("displayName contains «علی»", "double quotes"),
        ('displayName like "%ali%"', "starts with"),
        ("valueMetrics.churnRisk > 50%", "0.5 for 50 %"),
        ("valueMetrics.clv > 1,000", "write 1000"),
        ("valueMetrics.clv > $1000", "1000 USD"),
        ("createdAt > 01/02/2026", "year first"),
        ('city = "Tehran" && country = "IR"', "write 'and'"),
        ('city = "Tehran" || country = "IR"', "write 'or'"),
        ('city == "Tehran"', "one ="),
        ('city <> "Tehran"', "!="),
        ('!city = "Tehran"', "write 'not'"),
        ('city = "Tehran" or "Shiraz"', 'in ("Tehran", "Shiraz")'),
        ('city in "Tehran", "Shiraz"', "parentheses"),
        ("no orders in the last 90 days", "orders.none(last 90 days)"),
        ('entered stage "client" within last 30 days', 'toStage = "…"'),
        ('dropped from "CHAMPION" within last 30 days', "previousRfmGroup"),
        ("createdAt > yesterday", "1 day ago"),
        ("country = null", "is empty"),
        ("country is null", "is empty"),
        ("valueMetrics.clv > valueMetrics.revenue", "never with another field"),
        ('orders.count() > orders.count(channel = "web")', "never with another field"),
        ("in segment vip", 'quotes: "vip"'),
        ("createdAt within the last 7 days", "without 'the'"),
        ("orders.count(90 days) > 2", "last 90 days"),
        ("orders.count(past 90 days) > 2", "last 90 days"),
        ("orders.count in last 90 days > 2", "orders.count(last 90 days)"),
        ('orders.count(last 90 days and channel = "web") > 2', "comma"),
        ('orders.some and country = "IR"', "orders.some()"),
        ("orders.none", "orders.some()"),
    ],
)
def test_what_cannot_be_read_comes_with_the_way_to_write_it(text: str, words: str) -> None:
    with pytest.raises(CrmError) as caught:
        parse(text)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('email contains "gmail.com"', 'identities.some(kind = "EMAIL"'),
        ('name = "Ali"', "displayName"),
        ("churnRisk > 0.5", "valueMetrics.churnRisk"),
        ('status = "REFUNDED"', "orders.some(status"),
        ("age > 30", "birthday < 30 years ago"),
        ("last_order < 3 days ago", "orders.last(placedAt)"),
        ('segment = "vip"', 'in segment "…"'),
        ("owner is empty", "owner.id is empty"),
        ("birthday within next 7 days", "anniversary within"),
        ("birthday within this month", "anniversary within"),
        ('country = "Iran"', "Did you mean 'IR'?"),
        ('country in ("IR", "ایران")', "Did you mean 'IR'?"),
        ('country = "UK"', "Did you mean 'GB'?"),
        ('country = "Atlantis"', "'Atlantis' does not fit 'country'"),
        ("orders.sum(amount) > 500 XYZ", "'XYZ' is no currency"),
        ('orders.some(currency = "XYZ")', "three letters"),
        ('valueMetrics.rfmGroup = "CHAMPIONS"', "Did you mean 'CHAMPION'?"),
        ('valueMetrics.rfmGroup in ("LOYAL", "At risk")', "Did you mean 'AT_RISK'?"),
        ('valueMetrics.matrixCell = "GOLD"', "The values are CARRIAGE_TRADE"),
        ('interactions.some(channel = "FONE")', "Did you mean 'PHONE'?"),
        ("valueMetrics.churnRisk > 50", "write 0.5 for 50 %"),
        ("valueMetrics.valueTier = 9", "between 1 and 5"),
        ("interactions.avg(rating) > 11", "between 0 and 10"),
        ('language != "persian"', '"fa"'),
        ('timeZone = "Tehran"', "not a time zone"),
        ('orders.some(currency in ("EUR", "US"))', "three letters"),
        ("orders.sum(amount) > 5", "baseAmount"),
        ("orders.some(placedAt > 90 days)", "ago"),
        ('displayName > "A"', "fitting are =, !=, in, not in, contains"),
    ],
)
def test_what_cannot_be_asked_comes_with_the_way_to_ask_it(text: str, words: str) -> None:
    assert words in faults(text)[-1].message


@pytest.mark.parametrize(
    ("loose", "strict"),
    [
        ("orders.count >= 2", "orders.count() >= 2"),
        ("orders.count in (1, 2)", "orders.count() in (1, 2)"),
        ('orders.some(status = "COMPLETED", last 3 days)', 'orders.some(last 3 days, status = "COMPLETED")'),
    ],
)
def test_what_can_only_mean_one_thing_is_read_so(loose: str, strict: str) -> None:
    check(parse(loose), CATALOGUE, scopes=ALL_SCOPES, context=CONTEXT)
    assert to_text(parse(loose)) == strict
