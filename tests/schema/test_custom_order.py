"""Lists are ordered by custom fields, by the types that these have."""

from __future__ import annotations

from typing import Any

import pytest

from models import Customer, FieldDefinition, FieldType
from tests import factories
from tests.schema.asking import Answer, ask

VALUES: list[dict[str, Any]] = [
    {"points": 10, "tier": "gold", "since": "2024-02-29", "vip": True},
    {"points": 9.5, "tier": "silver", "since": "2023-01-01", "vip": False},
    {"points": "not a number", "tier": "gold"},
    {},
]
PAGE = (
    "query($order: [CustomerSort!], $first: Int, $after: String) { customers(orderBy: $order, first: $first, "
    "after: $after) { nodes { displayName } pageInfo { hasNextPage endCursor } } }"
)


@pytest.fixture
async def four(db: str) -> None:
    kinds = {"points": FieldType.NUMBER, "tier": FieldType.TEXT, "since": FieldType.DATE, "vip": FieldType.BOOLEAN}
    for key, kind in kinds.items():
        await FieldDefinition.create(noun="customer", key=key, label=key, type=kind)
    for number, values in enumerate(VALUES):
        made = await factories.customer(f"C{number}")
        await Customer.filter(id=made.id).update(custom_fields=values)


def by(key: str | None, direction: str = "ASC", field: str = "CUSTOM_FIELD") -> list[dict[str, Any]]:
    return [{"field": field, "key": key, "direction": direction}, {"field": "SORT_NAME"}]


def names(answer: Answer) -> list[str]:
    return [node["displayName"] for node in answer.data["customers"]["nodes"]]


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        (by("points"), ["C1", "C0", "C2", "C3"]),
        (by("points", "DESC"), ["C0", "C1", "C2", "C3"]),
        (by("tier", "DESC"), ["C1", "C0", "C2", "C3"]),
        (by("since"), ["C1", "C0", "C2", "C3"]),
        (by("vip"), ["C1", "C0", "C2", "C3"]),
    ],
    ids=str,
)
async def test_pages_follow_a_custom_field(four: None, order: list[dict[str, Any]], wanted: list[str]) -> None:
    assert names(await ask(PAGE, {"order": order, "first": 10})) == wanted
    found, cursor = [], None
    for _ in wanted:
        answer = await ask(PAGE, {"order": order, "first": 1, "after": cursor})
        found += names(answer)
        cursor = answer.data["customers"]["pageInfo"]["endCursor"]
    assert found == wanted


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (by("pints"), "Did you mean 'points'?"),
        (by(None), "needs the field's 'key'"),
        (by("points", field="CITY"), "'key' belongs to CUSTOM_FIELD"),
    ],
    ids=str,
)
async def test_an_order_that_cannot_be_is_a_clear_error(four: None, order: list[dict[str, Any]], told: str) -> None:
    answer = await ask(PAGE, {"order": order})
    assert answer.code == "VALIDATION_FAILED"
    assert told in answer.errors[0]["message"]
