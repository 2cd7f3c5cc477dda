"""A rule says the same in its tree, its JSON and its text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from crm.errors import CrmError
from crm.rules.json_form import from_json, to_json
from crm.rules.printer import to_text
from crm.rules.text import parse
from crm.rules.tree import Node
from tests.unit.rules.strategies import trees

EXAMPLE = 'country = "IR" and orders.count(last 90 days) >= 2 and not in segment "vip"'


@settings(max_examples=300)
@given(trees)
def test_json_reads_back_as_the_same_tree(tree: Node) -> None:
    assert from_json(json.loads(json.dumps(to_json(tree)))) == tree


@settings(max_examples=300)
@given(trees)
def test_text_reads_back_as_the_same_tree(tree: Node) -> None:
    text = to_text(tree)
    assert parse(text) == tree
    assert to_text(parse(text)) == text


def test_the_example_of_the_documentation_is_its_own_canonical_text() -> None:
    assert to_text(parse(EXAMPLE)) == EXAMPLE


def test_graphql_input_with_several_keys_means_all_of_them() -> None:
    where = {
        "stage": {"in": ["client"]},
        "orders": {"some": {}, "count": {"gte": 3}},
        "valueMetrics": {"clv": {"gte": "500"}},
    }
    assert to_text(from_json(where)) == (
        'stage in ("client") and orders.some() and orders.count() >= 3 and valueMetrics.clv >= "500"'
    )


def test_comments_stay_with_their_condition() -> None:
    text = 'country = "IR" and  # Iran only\n# buyers\norders.some() # ever\n# the end'
    assert to_text(parse(text)) == '# Iran only\ncountry = "IR" and\n# buyers\n# ever\n# the end\norders.some()'


def test_keywords_are_read_in_either_case_and_persian_digits_count() -> None:
    assert parse("NOT a = 1 AND b IN (۲)") == parse("not a = 1 and b in (2)")


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        ("# only a comment", 1, 1, "empty"),
        ("country = ", 1, 10, "ends too early"),
        ('country = "IR', 1, 11, "no closing quote"),
        ("a = 1 and\n  b == 2", 2, 6, "'='"),
        ("a in ()", 1, 1, "empty list"),
        ("orders.cont() > 1", 1, 1, "Did you mean 'count'?"),
        ("orders.some() > 1", 1, 1, "not compared"),
        ("orders.count()", 1, 1, "compared with nothing"),
        ("orders.sum(last 3 days) > 1", 1, 1, "needs a field"),
        ("a within last 1000000000 days", 1, 15, "100 years"),
        ("a within last 1.5 days", 1, 15, "whole number"),
        ("not " * 1000 + "a = 1", 1, 97, "nest at most"),
        ("a = 1 or " * 600 + "a = 1", 1, 4492, "at most 500"),
        ('a = "\\u0000"', 1, 5, "cannot be stored"),
        ("x" * 30_000, 1, 1, "characters"),
    ],
)
def test_a_fault_in_the_text_names_its_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(CrmError, match=words) as caught:
        parse(text)
    assert (caught.value.details["line"], caught.value.details["column"]) == (line, column)


def nested(depth: int) -> dict[str, object]:
    rule: dict[str, object] = {"a": {"eq": 1}}
    for _ in range(depth):
        rule = {"NOT": rule}
    return rule


@pytest.mark.parametrize(
    ("data", "path", "words"),
    [
        ({}, (), "empty condition"),
        (None, (), "Null"),
        ([], (), "object"),
        ({"country": None}, ("country",), "Null"),
        ({"country": {"in": []}}, ("country", "in"), "empty list"),
        ({"country": {"eq": "IR", "equals": 1}}, ("country", "equals"), "Did you mean"),
        ({"country": {"eq": None}}, ("country", "eq"), "not a value"),
        ({"AND": []}, ("AND",), "at least one"),
        ({"a": {"eq": float("nan")}}, ("a", "eq"), "not a number"),
        ({"a": {"within": {"last": 10**9}}}, ("a", "within", "last"), "100 years"),
        ({"a": {"within": {"last": 3, "next": 3}}}, ("a", "within"), "one of"),
        ({"a": {"eq": {"amount": "1"}}}, ("a", "eq", "currency"), "text belongs"),
        ({"orders": {"sum": {"gte": 3}}}, ("orders", "sum"), "takes a field"),
        ({"segment": {"key": "x", "ever": True, "at": "2026-01-01"}}, ("segment",), "Only one"),
        ({"a": {"eq": "\x00"}}, ("a", "eq"), "cannot be stored"),
        ({"a": {"in": [1] * 1001}}, ("a", "in"), "at most 1000"),
        (nested(1000), ("NOT",) * 24, "nest at most"),
    ],
)
def test_a_fault_in_the_json_names_its_path(data: object, path: tuple[str, ...], words: str) -> None:
    with pytest.raises(CrmError, match=words) as caught:
        from_json(data)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('displayName not contains "test"', 'not displayName contains "test"'),
        (
            'city not starts with "San" or city NOT ENDS WITH "abad"',
            'not city starts with "San" or not city ends with "abad"',
        ),
        ("birthday anniversary within today", "birthday anniversary within this day"),
        (
            'orders.some(yesterday in "Asia/Tehran", amount > 3)',
            'orders.some(previous day in "Asia/Tehran", amount > 3)',
        ),
        ('in segment "vip" at 3 whole months ago', 'in segment "vip" at 3 whole months ago'),
        ('in segment "vip" at today', 'in segment "vip" at today'),
    ],
)
def test_what_a_marketer_writes_is_kept_in_both_forms(said: str, kept: str) -> None:
    tree = parse(said)
    assert to_text(tree) == kept
    assert parse(kept) == from_json(to_json(tree)) == tree


@pytest.mark.parametrize("at", [{}, {"span": 3, "unit": "DAY"}, 7, True, {"ago": -1}, {"ago": 5, "unit": "FORTNIGHT"}])
def test_a_time_of_membership_that_is_none_is_refused_at_its_place(at: object) -> None:
    with pytest.raises(CrmError) as refused:
        from_json({"segment": {"key": "vip", "at": at}})
    assert refused.value.path[:2] == ("segment", "at")
