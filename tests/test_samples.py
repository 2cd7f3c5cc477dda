"""What the documentation shows is what the product does: every document, rule and command in it is tried."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLInputType,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_list_type,
    parse,
    type_from_ast,
)
from typer.main import get_command

from crm import ids
from crm.access import ALL_SCOPES
from crm.cli import app
from crm.lifecycle import default
from crm.rules.catalogue import build
from crm.rules.check import check
from crm.rules.json_form import from_json, to_json
from crm.rules.printer import to_text
from crm.rules.text import parse as read
from crm.rules.tree import Node
from crm.rules.values import Context
from models import DeliveryStatus, FieldDefinition, FieldType, WebhookDelivery, WebhookEndpoint
from schema import schema, subscribe
from schema.select.request import GraphQLRequest
from schema.select.sources import source_behind
from tests import factories
from tests.crm.segments_world import dynamic
from tests.crm.webhooks_world import endpoint as endpoint_at
from tests.documents import ROOT, Sample, samples, with_answers
from tests.factories import OWNER
from tests.schema.asking import ask

ERRORS = ROOT / "docs" / "reference" / "errors.md"
RULES = ROOT / "docs" / "reference" / "rules.md"
READ_ON_DEMONSTRATION = ROOT / "README.md"
ABOUT_RULES = re.compile("organization_setting|field_definition")
"""What filters may speak of is read beside, and kept for some seconds."""
TIER = FieldDefinition(noun="customer", key="tier", label="Tier", type=FieldType.CHOICE, choices=["gold", "silver"])
CATALOGUE = build([TIER], base_currency="USD")


# -- documents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", samples("graphql"), ids=str)
async def test_every_document_is_answered_without_errors(db: str, sample: Sample) -> None:
    await default.install(OWNER)
    customer = await factories.customer("Alice")
    segment = await factories.segment("office")
    if "segmentCreate" not in sample.text:
        await factories.segment("vip")
    twin = await factories.customer("Alice")
    given = {"customer": ids.encode("cus", customer.id), "segment": ids.encode("seg", segment.id)}
    ruled = await dynamic("home", 'country = "IR"')
    given |= {"duplicate": ids.encode("cus", twin.id), "ruled": ids.encode("seg", ruled.id), **await webhook()}
    if operation_of(sample.text).operation is OperationType.SUBSCRIPTION:
        assert (await subscribe(GraphQLRequest(sample.text, factories.NOW), OWNER)).cost
        return
    answer = await ask(sample.text, variables(sample.text, given))
    assert unexpected(answer.body) == []
    if compiles(sample.text):
        beside = [text for text in answer.statements if "json_agg" not in text and "row_to_json" not in text]
        assert len(answer.statements) - len(beside) == 1, answer.statements
        assert all(ABOUT_RULES.search(text) for text in beside)
    if sample.page != ERRORS:
        assert '"problems":[{' not in answer.response.body.decode().replace(" ", "")


def unexpected(body: dict[str, Any]) -> list[Any]:
    """Errors of an answer; nobody has bought anything here, so no model was fitted that a change could be tried on."""
    awaited = {"path": ["valueSimulate"], "code": "BLOCKED"}
    told = [{"path": error.get("path"), "code": error["extensions"]["code"]} for error in body.get("errors", [])]
    return [error for error in told if error != awaited]


async def webhook() -> dict[str, str]:
    """A webhook whose address is refused, and something that it was told."""
    endpoint, _ = await endpoint_at("https://hooks.example.com/")
    await WebhookEndpoint.filter(id=endpoint.id).update(url="https://127.0.0.1/")
    told = await WebhookDelivery.create(
        endpoint=endpoint, event_id=endpoint.id, event_type="order.recorded", status=DeliveryStatus.FAILED
    )
    return {"webhook": ids.encode("whk", endpoint.id), "delivery": ids.encode("whd", told.id)}


def operation_of(document: str) -> OperationDefinitionNode:
    return next(node for node in parse(document).definitions if isinstance(node, OperationDefinitionNode))


def compiles(document: str) -> bool:
    """Whether a query needs no resolver: then it is one statement."""
    operation = operation_of(document)
    roots = schema._schema.query_type.fields if schema._schema.query_type else {}
    names = [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return operation.operation is OperationType.QUERY and all(source_behind(roots[name]) for name in names)


def variables(document: str, known: dict[str, str]) -> dict[str, Any]:
    """A value for each variable of a document: by its name, else by its type."""
    return {
        definition.variable.name.value: value(definition.variable.name.value, definition.type, known)
        for definition in operation_of(document).variable_definitions or ()
    }


def value(name: str, kind: Any, known: dict[str, str]) -> Any:
    found: GraphQLInputType = type_from_ast(schema._schema, kind)  # type: ignore[assignment]
    plain = known.get(name.removesuffix("s")) or {"DateTime": "2026-01-01T00:00:00Z", "Boolean": True}.get(
        get_named_type(found).name
    )
    return [plain] if is_list_type(getattr(found, "of_type", None)) else plain


@pytest.mark.parametrize("pair", with_answers(ERRORS), ids=lambda pair: str(pair[0]))
async def test_documents_of_the_reference_get_the_answer_that_is_printed(db: str, pair: tuple[Sample, Sample]) -> None:
    document, printed = pair
    assert (await ask(document.text)).data == json.loads(printed.text)


@pytest.mark.parametrize(
    "document", ["{", "{ nothing }", "query ($id: ID!) { node(id: $id) { id } }", "{ node(id: 3) { id } }"]
)
async def test_codes_of_documents_that_fail_are_explained(db: str, document: str) -> None:
    answer = await ask(document)
    assert f"`{answer.code}`" in ERRORS.read_text(encoding="utf-8")


# -- rules -----------------------------------------------------------------------------------------------------------


def rule_texts() -> list[str]:
    lines = [line for sample in samples("rules") for line in sample.text.splitlines()]
    inline = re.findall(r"`([a-z]\w+(?:\.\w+\(| = | within )[^`]+)`", RULES.read_text(encoding="utf-8"))
    return [*lines, *(sample.text for sample in samples("rule")), *inline]


def ask_about(tree: Node) -> None:
    check(tree, CATALOGUE, scopes=ALL_SCOPES, context=Context(datetime(2026, 5, 1, tzinfo=UTC), "Asia/Tehran", "USD"))


@pytest.mark.parametrize("text", rule_texts())
def test_every_rule_can_be_asked_and_reads_back(text: str) -> None:
    tree = read(text)
    ask_about(tree)
    assert read(to_text(tree)) == tree
    assert from_json(to_json(tree)) == tree


@pytest.mark.parametrize("sample", samples("json", page=RULES), ids=str)
def test_every_tree_can_be_asked(sample: Sample) -> None:
    ask_about(from_json(json.loads(sample.text)))


def test_the_first_rule_stands_in_both_forms() -> None:
    text, tree = samples("rule", page=RULES)[0], samples("json", page=RULES)[0]
    assert to_json(read(text.text)) == json.loads(tree.text)


# -- commands --------------------------------------------------------------------------------------------------------


def command_lines() -> list[str]:
    lines = [line for sample in samples("sh", "") for line in sample.text.splitlines()]
    return [line for line in lines if re.match(r"(\w+=\S+ )*arzesh ", line)]


@pytest.mark.parametrize("line", command_lines())
def test_every_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line, comments=True)
    words = words[words.index("arzesh") + 1 :]
    command: Any = get_command(app)
    while getattr(command, "commands", None):
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in getattr(parameter, "opts", ())}
    assert {word for word in words if word.startswith("--")} <= known
