"""The published JSON Schema accepts what the rule language accepts, and refuses what is malformed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from crm.rules.catalogue import build
from crm.rules.json_form import to_json
from crm.rules.json_schema import json_schema
from crm.rules.tree import Node
from tests.crm.rules_world import DEFINITIONS
from tests.unit.rules.strategies import rules

CATALOGUE = build(DEFINITIONS, base_currency="EUR")
SCHEMA = json_schema(CATALOGUE)
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules(CATALOGUE))
def test_rules_that_can_be_asked_are_valid(rule: Node) -> None:
    VALIDATOR.validate(json.loads(json.dumps(to_json(rule))))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"contry": {"eq": "IR"}},
        {"country": {"gt": "IR"}},
        {"country": {"in": []}},
        {"kind": {"eq": "PERSO"}},
        {"orders": {"some": {"amount": {"gte": 5}}}},
        {"orders": {"cont": {"gte": 5}}},
        {"createdAt": {"within": {"last": 10**9}}},
        {"AND": []},
    ],
)
def test_malformed_rules_are_not(data: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(data)
