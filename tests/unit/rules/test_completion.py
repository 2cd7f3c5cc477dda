"""Whoever writes a rule is told what can come next, by name and in their language."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.access import ALL_SCOPES, Scope
from crm.rules.catalogue import build
from crm.rules.completion import Completion, Known, complete
from crm.rules.printer import to_text
from crm.rules.tree import Node
from models import FieldDefinition, FieldType
from tests.unit.rules.strategies import rules

TIER = FieldDefinition(noun="customer", key="tier", label="Tier", labels={"fa": "رده"}, type=FieldType.CHOICE)
TIER.choices = ["gold", "silver"]
CATALOGUE = build([TIER], base_currency="EUR")
KNOWN = Known({"vip": "VIPs"}, {"client": "Client"}, {"main": "Main"}, {("customer", "country"): ["IR", "DE"]})


def completed(text: str, *, locale: str = "en", scopes: frozenset[Scope] = ALL_SCOPES) -> Completion:
    """The completion of a text at the mark |, or at its end."""
    cursor = text.find("|") if "|" in text else len(text)
    return complete(text.replace("|", ""), cursor, CATALOGUE, scopes=scopes, known=KNOWN, locale=locale)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("coun", "country"),
        ("clv", "valueMetrics.clv"),  # a field of a row beside, by its own name
        ("country ", "= "),
        ("orders.count() ", ">= "),
        ("kind = ", '"PERSON"'),
        ("country = ", '"IR"'),
        ('country in ("IR", ', '"DE"'),
        ("customFields.", "customFields.tier"),
        ('customFields.tier = "go', '"gold"'),
        ("orders.", "orders.some("),
        ("orders.sum(", "baseAmount"),
        ("orders.count(", "last 90 days"),
        ("orders.count(last 30 days, sta", "status"),
        ("orders.some(lines.some(product.cat", "product.category"),
        ("placedAt within ", "last 7 days"),
        ("in segment ", '"vip"'),
        ("relationships.some(related ", 'in segment "'),
        ('ever in stage "', '"client"'),
        ('stage("', '"main"'),
        ("stage = ", '"client"'),
        ('country = "IR" ', "and "),
        ("", 'ever in stage "'),
    ],
)
def test_what_can_come_next_is_suggested(text: str, expected: str) -> None:
    assert expected in [one.text for one in completed(text).suggestions]


def test_operators_are_those_that_fit_the_field() -> None:
    texts = [one.text for one in completed("birthday ").suggestions]
    assert "anniversary within " in texts
    assert "contains " not in texts


def test_a_sum_is_taken_of_numbers_only() -> None:
    assert {one.detail for one in completed("orders.sum(").suggestions if one.kind == "FIELD"} == {"number", "money"}


@pytest.mark.parametrize(("locale", "label"), [("en", "Country"), ("fa", "کشور"), ("zh", "国家")])
def test_labels_are_in_the_language_asked_for(locale: str, label: str) -> None:
    assert completed("country", locale=locale).suggestions[0].label == label


def test_a_field_is_found_by_its_name_in_the_language() -> None:
    assert completed("", locale="fa").suggestions
    assert "customFields.tier" in [one.text for one in completed("customFields.ti", locale="fa").suggestions]


def test_the_whole_word_under_the_cursor_is_replaced() -> None:
    found = completed('kind = "PE|RS" and country = "IR"')
    assert (found.start, found.end, found.suggestions[0].text) == (7, 13, '"PERSON"')


def test_nothing_is_suggested_inside_a_comment() -> None:
    assert completed("# who is coun").suggestions == ()


def test_fields_that_the_author_may_not_read_are_not_told() -> None:
    texts = [one.text for one in completed("", scopes=frozenset({Scope.CUSTOMER_READ})).suggestions]
    assert "country" in texts
    assert not [text for text in texts if text.startswith(("orders", "valueMetrics", "stage"))]


@settings(max_examples=60, deadline=None)
@given(rules(CATALOGUE), st.data())
def test_completion_never_fails_wherever_the_cursor_stands(rule: Node, data: st.DataObject) -> None:
    text = to_text(rule)
    completed(text[: data.draw(st.integers(0, len(text)))])


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from('abc.()"#,=<>! 0:\n'), max_size=30))
def test_completion_survives_any_text(text: str) -> None:
    completed(text)
