"""A rule that cannot be asked is refused with the place and the reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crm.access import ALL_SCOPES, Scope
from crm.errors import CrmError, Forbidden, Problems
from crm.rules.catalogue import build
from crm.rules.check import check, problems
from crm.rules.fields import Catalogue
from crm.rules.json_form import from_json
from crm.rules.labels import translated
from crm.rules.text import parse
from crm.rules.values import Context
from models import FieldDefinition, FieldType

NOW = datetime(2026, 5, 1, tzinfo=UTC)
CONTEXT = Context(NOW, "UTC", "EUR")
TIER = FieldDefinition(noun="customer", key="tier", label="Tier", labels={"fa": "رده"}, type=FieldType.CHOICE)
TIER.choices = ["gold", "silver"]
CATALOGUE: Catalogue = build([TIER], base_currency="EUR")


def faults(text: str, scopes: frozenset[Scope] = ALL_SCOPES, root: str = "customer") -> list[CrmError]:
    return problems(parse(text), CATALOGUE, scopes=scopes, context=CONTEXT, root=root)


@pytest.mark.parametrize(
    "text",
    [
        'country = "ir" and displayName contains "علي"',
        'stage("b2b") in ("a", "b") and timeInStage >= 30 days',
        "orders.sum(amount, last 90 days) >= 10.5 EUR and orders.avg(baseAmount) > 3",
        'valueMetrics.clv >= "500" and customFields.tier = "gold"',
        "referrals.count(customer.valueMetrics.clv > 1000) >= 2",
        'valueMetrics.previousRfmGroup = "CHAMPION" and valueMetrics.rfmChangedAt within last 30 days',
        "birthday anniversary within next 7 days",
        'left segment "vip" within this month in "Asia/Tehran"',
        'orders.some(customer in segment "vip" and lines.some(product.category = "Books"))',
        "interactions.last(occurredAt) < 90 days ago",
        'owner.name = "Sara" and stageMoves.some(toStage = "client", last 30 days)'.replace(
            'toStage = "client", last 30 days', 'last 30 days, toStage = "client"'
        ),
    ],
)
def test_sensible_rules_pass(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('contry = "IR"', ("contry",), "Did you mean 'country'"),
        ("orders.some(amout > 5 EUR)", ("orders", "some", "amout"), "Did you mean 'amount'"),
        ("status = 1", ("status",), "not a field"),
        ("orders.sum(amount) > 5", ("orders", "sum"), "currency is missing"),
        ("valueMetrics.clv > 5 USD", ("valueMetrics", "clv"), "kept in EUR"),
        ('country > "a"', ("country",), "does not fit"),
        ('kind = "PERSO"', ("kind",), "Did you mean 'PERSON'"),
        ("birthday between 2026-05-01 and 2026-01-01", ("birthday",), "least value is above"),
        ("valueMetrics.orders between 5 and 1", ("valueMetrics", "orders"), "least value is above"),
        ("valueMetrics.clv > 5 and valueMetrics.clv < 3", (), "at once"),
        ("orders.count() >= 1.5", ("orders", "count"), "whole number"),
        ("orders.count() < 0 or orders.count() >= -1", ("OR", "1", "orders", "count"), "whole number"),
        ("orders.amount > 5 EUR", ("orders", "amount"), "many rows"),
        ("orders = 5", ("orders",), "not compared by itself"),
        ('orders.some(in segment "x")', ("orders", "some", "segment"), "Only customers"),
        ('createdAt within last 3 days in "Mars/X"', ("createdAt",), "not a time zone"),
        ("createdAt within from 2026-02-01 to 2026-01-01", ("createdAt",), "ends before"),
        ("createdAt > 2026-02-31", ("createdAt",), "date or time"),
        ("birthday anniversary within last 3 years", ("birthday",), "at most one year"),
        ("orders.every()", ("orders", "every"), "needs a condition"),
        ("orders.sum(status) > 5", ("orders", "sum"), "cannot be taken"),
        ('displayName contains "ـ"', ("displayName",), "empty text"),
        ('id = "ord_0190c7a4-0000-7000-8000-000000000000"', ("id",), "id of a"),
        ('customFields.tier = "bronze"', ("customFields", "tier"), "not a value"),
        ("customFields.gone = 1", ("customFields", "gone"), "no custom field"),
        ('country("x") = "IR"', ("country",), "brackets"),
        ('in segment "x" at "yesterday"', ("segment",), "date or time"),
        ('in segment "x" at 2126-01-01', ("segment",), "yet to come"),
        ('not owner.email is empty and in segment "x" at 2126-01-01', ("AND", "1", "segment"), "leave 'at' out"),
        ('in segment "x" at 3 days ahead', ("segment",), "yet to come"),
        ('in segment "x" at 3 days ago in "Mars/X"', ("segment",), "not a time zone"),
        ('left segment "x" within next 3 days', ("segment",), "'last 30 days'"),
        ('entered segment "x" within from 2126-01-01', ("segment",), "will have entered"),
    ],
)
def test_a_senseless_rule_is_refused_by_path_and_reason(text: str, path: tuple[str, ...], words: str) -> None:
    found = faults(text)[-1]
    assert found.path == path
    assert words in found.message


def test_a_fault_in_written_rules_has_line_and_column() -> None:
    [found] = faults('country = "IR" and\n  cty = "Tehran"')
    assert (found.details["line"], found.details["column"]) == (2, 3)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(Problems) as caught:
        check(parse("a = 1 and b = 2"), CATALOGUE, scopes=ALL_SCOPES, context=CONTEXT)
    assert [problem.path for problem in caught.value.problems] == [("AND", "0", "a"), ("AND", "1", "b")]


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("valueMetrics.clv > 1", Scope.VALUE_READ),
        ("orders.count() > 1", Scope.ORDER_READ),
        ("orders.sum(amount) > 1 EUR", Scope.ORDER_READ),
        ("costEntries.some()", Scope.COST_READ),
        ('identities.some(value = "a@b.c")', Scope.PII_READ),
        ('in segment "vip"', Scope.SEGMENT_READ),
        ('stage = "client"', Scope.LIFECYCLE_READ),
        ('ever in stage "client"', Scope.LIFECYCLE_READ),
        ("referrals.some(customer.valueMetrics.clv > 1)", Scope.VALUE_READ),
    ],
)
def test_what_the_author_may_not_read_names_the_missing_scope(text: str, scope: Scope) -> None:
    [found] = faults(text, ALL_SCOPES - {scope})
    assert isinstance(found, Forbidden)
    assert found.missing_scope == scope


def test_json_input_is_checked_by_the_same_paths() -> None:
    rule = from_json({"orders": {"some": {"amount": {"gte": 5}}}})
    [found] = problems(rule, CATALOGUE, scopes=ALL_SCOPES, context=CONTEXT)
    assert found.path == ("orders", "some", "amount")


def test_every_field_and_relation_has_a_name_in_three_languages() -> None:
    words = {word for noun in CATALOGUE.nouns.values() for word in noun.words()} - {"tier", "owner", "staff"}
    named = {"product", "order", "related", "valueMetrics", "interaction"}
    assert {word for word in words if not translated(word)} <= named
    assert CATALOGUE.noun("custom").fields["tier"].label.of("fa") == "رده"
