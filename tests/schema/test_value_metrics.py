"""Every figure that customers have can be read, filtered by, ordered by, and asked of in a rule's words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.fields import DecimalField

from crm import ids, interactions
from crm.access import Scope
from crm.database import fetch
from crm.rules.json_form import to_json
from crm.rules.text import parse
from crm.value import runs
from crm.value.runs import settings
from crm.value.runs.snapshots import FIGURES
from models import Channel, Direction, InteractionKind, RatingKind, ValueSnapshot
from tests import factories
from tests.crm.value_world import bought, newcomers, rhythm
from tests.factories import NOW, OWNER
from tests.schema.asking import ask

NAMES = [name for name in FIGURES if name != "lacks"]
MONEY = {name for name in NAMES if isinstance(ValueSnapshot._meta.fields_map[name], DecimalField)}
LIST = """query($where: CustomerWhere) {{ customers(first: 100, where: $where,
  orderBy: [{{field: {field}, direction: DESC}}]) {{ nodes {{ id valueMetrics {{ {figure} }} }} }} }}"""


def spoken(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


@pytest.fixture
async def shop(db: str) -> list[UUID]:
    """Enough customers for models, and some who say what they think and are served by staff."""
    keys = await newcomers(80)
    await bought(rhythm(keys[:70]))
    await settings.change(OWNER, learning_point_value="2")
    for number, kind in enumerate((RatingKind.NPS, RatingKind.CES, RatingKind.CSAT)):
        said: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.CALL}
        due = NOW - timedelta(hours=5)
        said |= {"rating_kind": kind, "rating": 4, "occurred_at": due}
        said |= {"answer_due_at": due, "answered_at": due}
        await interactions.log(OWNER, keys[number], fields=said, now=NOW)
    await runs.recompute(OWNER, now=NOW)
    return keys


async def in_order(name: str) -> list[str]:
    """Who has the figure, the highest first, as the table has it."""
    rows = await fetch(
        f'SELECT customer_id FROM value_snapshot WHERE "{name}" IS NOT NULL ORDER BY "{name}" DESC, customer_id DESC'  # noqa: S608
    )
    return [ids.encode("cus", row["customer_id"]) for row in rows]


def asked(name: str) -> str:
    return f"{spoken(name)} {{ amount currency }}" if name in MONEY else spoken(name)


async def test_every_figure_is_read_filtered_and_ordered_by(shop: list[UUID]) -> None:
    for name in NAMES:
        document = LIST.format(field=name.upper(), figure=asked(name))
        told = await ask(document, {"where": {"valueMetrics": {spoken(name): {"isEmpty": False}}}})
        nodes = told.data["customers"]["nodes"]
        assert all(node["valueMetrics"][spoken(name)] is not None for node in nodes), name
        assert sorted(node["id"] for node in nodes) == sorted(await in_order(name)), name


async def test_every_figure_is_asked_of_in_the_words_of_a_rule(shop: list[UUID]) -> None:
    for name in NAMES:
        rule = to_json(parse(f"valueMetrics.{spoken(name)} is not empty"))
        nodes = (await ask("query($where: CustomerWhere) { customers(first: 100, where: $where) { nodes { id } } }",
                           {"where": rule})).data["customers"]["nodes"]  # fmt: skip
        assert sorted(node["id"] for node in nodes) == sorted(await in_order(name)), name


async def test_every_figure_that_is_null_says_why(shop: list[UUID]) -> None:
    figures = " ".join(asked(name) for name in NAMES)
    lacks = "insufficient { figure reason have need }"
    document = f"{{ customers(first: 100) {{ nodes {{ valueMetrics {{ {figures} {lacks} }} }} }} }}"
    for node in (await ask(document)).data["customers"]["nodes"]:
        found = node["valueMetrics"]
        told = {each["figure"] for each in found.pop("insufficient")}
        null = {name for name, value in found.items() if value is None} - WITHOUT_A_REASON
        assert null <= told


async def test_figures_need_their_scope_wherever_they_are_named(shop: list[UUID]) -> None:
    stranger = factories.everything_but(Scope.VALUE_READ)
    for document, variables in (
        (LIST.format(field="CLV", figure="clv { amount }"), {}),
        ("query($where: CustomerWhere) { customers(where: $where) { nodes { id } } }",
         {"where": {"valueMetrics": {"clv": {"isEmpty": False}}}}),
    ):  # fmt: skip
        refused = await ask(document, variables, actor=stranger)
        assert refused.code == "FORBIDDEN"


# The group before is null for who never changed it, and so is the segment of who has no models of its own.
WITHOUT_A_REASON = {"previousRfmGroup", "rfmChangedAt", "fittedOn"}
