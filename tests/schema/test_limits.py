"""Documents that ask for too much are refused at once, and never become an error of SQL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from schema.select.limits import MAX_ALIASES, MAX_DEPTH
from tests.schema.asking import ask
from tests.schema.world import World


def doubling(count: int, part: str = "") -> str:
    """Fragments of which each spreads the next one twice."""
    chain = " ".join(f"fragment F{n} on Customer {{ {part} ...F{n + 1} ...F{n + 1} }}" for n in range(count))
    return f"{{ customers {{ nodes {{ ...F0 }} }} }} {chain} fragment F{count} on Customer {{ id }}"


def nested(levels: int) -> str:
    return (
        "{ customers(first: 1) "
        + "{ nodes { orders(first: 1) { nodes { customer " * levels
        + "{ id }"
        + " } } } }" * (levels)
        + " }"
    )


TOO_MUCH = {
    "40 doubling fragments": doubling(40),
    "40 doubling fragments with aliases": doubling(40, "a: id"),
    "10,000 aliases": "{" + " ".join(f"a{n}: me {{ label }}" for n in range(10_000)) + "}",
    "31 aliases": "{ me {" + " ".join(f"a{n}: label" for n in range(MAX_ALIASES + 1)) + "} }",
    "deep nesting": nested(MAX_DEPTH // 4 + 1),
    "21 roots": "{" + " ".join(f"customers{{nodes{{id}}}} a{n}: me{{label}}" for n in range(21)) + "}",
    "large pages in large pages": "{ customers(first: 100) { nodes { orders(first: 100) { nodes { id } } } } }",
    "a long list": "{ nodes(ids: [" + '"x" ' * 251 + "]) { id } }",
    "six mutations": "mutation {"
    + " ".join(f"a{n}: customerCreate(input: {{}}) {{ key: __typename }}" for n in range(6))
    + "}",
    "many directives": "{ me {" + " label @include(if: true)" * 60 + "} }",
    "a long alias": "{ " + "x" * 64 + ": me { label } }",
}


@pytest.mark.parametrize("document", TOO_MUCH.values(), ids=TOO_MUCH.keys())
async def test_too_much_is_refused_before_anything_is_read(world: World, document: str) -> None:
    answer = await asyncio.wait_for(ask(document), 60)  # walking each spread anew would take years
    assert answer.response.status == 400
    assert answer.code in ("TOO_COMPLEX", "GRAPHQL_PARSE_FAILED")
    assert answer.errors[0]["locations"]
    assert answer.statements == []


PLACES = [
    ("{ me {\n" + "\n".join(f"a{n}: label" for n in range(MAX_ALIASES + 5)) + "} }", MAX_ALIASES + 2),
    ("{ me { ...F } } fragment F on Viewer {\n" + "\n".join(["label"] * 4) + "\nlabel @skip(if: true)" * 51 + "}", 56),
    ("{\n" + "\n".join(f"a{n}: me {{ label }}" for n in range(21)) + "}", 22),
    (nested(MAX_DEPTH // 4 + 1).replace("nodes", "\nnodes"), 7),
    ("{ ...A }\nfragment A on Query { ...B }\nfragment B on Query { ...A " + "x: me{label} " * 31 + "}", 3),
    ("{ me { label }\ncustomers(first: 100) { nodes { orders(first: 100) { nodes { id } } } } }", 2),
    ("query($w: [ID!]!) {\n nodes(ids: $w) { id } }", 1),
]


@pytest.mark.parametrize(("document", "line"), PLACES)
async def test_what_is_too_much_is_shown_where_it_becomes_so(world: World, document: str, line: int) -> None:
    answer = await ask(document, {"w": ["x"] * 251})
    assert answer.code == "TOO_COMPLEX"
    assert answer.errors[0]["locations"][0]["line"] == line


async def test_many_small_objects_in_variables_are_refused(world: World) -> None:
    where: Any = {"country": {"eq": "IR"}}
    for _ in range(12):
        where = {"AND": [where, where]}
    answer = await ask("query($w: CustomerWhere) { customers(where: $w) { nodes { id } } }", {"w": where})
    assert answer.code == "TOO_COMPLEX"
    assert answer.errors[0]["extensions"]["inputPath"] == ["variables", "w"]


NUL = [
    "query($s: String!) { segment(key: $s) { id } }",
    "query($s: String!) { customers(first: 1) { nodes { customField(key: $s) } } }",
    "query($s: String!) { customers(first: 1) { nodes { stage(lifecycle: $s) { enteredAt } } } }",
    "query($s: String!) { customer(identity: {kind: EXTERNAL, value: $s, source: $s}) { id } }",
]


@pytest.mark.parametrize("document", NUL)
async def test_a_text_that_cannot_be_stored_never_reaches_the_database(world: World, document: str) -> None:
    answer = await ask(document, {"s": "a\0b"})
    assert answer.code == "VALIDATION_FAILED"
    assert answer.errors[0]["locations"]
    assert answer.statements == []


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "9999-12-31", "0000-01-01"])
async def test_times_at_the_end_of_the_calendar_are_refused(world: World, time: str) -> None:
    document = "query($t: RuleTime) { customers(where: {createdAt: {gte: $t}}) { nodes { id } } }"
    assert (await ask(document, {"t": time})).code == "VALIDATION_FAILED"


async def test_variables_that_nest_too_deep_are_refused(world: World) -> None:
    where: Any = {"country": {"eq": "IR"}}
    for _ in range(900):
        where = {"NOT": where}
    answer = await ask("query($w: CustomerWhere) { customers(where: $w) { nodes { id } } }", {"w": where})
    assert answer.code == "VALIDATION_FAILED"


async def test_the_cost_is_that_of_the_pages(world: World) -> None:
    answer = await ask("{ customers(first: 10) { nodes { id owner { id } orders(first: 5) { nodes { id } } } } }")
    assert answer.response.cost == 10 * (1 + 1 + 5)
    assert answer.body["extensions"]["cost"]["requested"] == answer.response.cost


async def test_introspection_is_not_too_deep(world: World) -> None:
    inner = "name ofType { " * 7 + "name" + " }" * 7
    answer = await ask(f"{{ __schema {{ types {{ fields {{ args {{ type {{ {inner} }} }} }} }} }} }}")
    assert not answer.response.errors


BAD = [
    ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
    ("{ customers { nodes { id } }", "GRAPHQL_PARSE_FAILED"),
    ("", "GRAPHQL_PARSE_FAILED"),
    ("{ customers(first: 1.5) { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"),
    ("{ customers(where: 3) { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"),
    ("{ customers(where: {country: {in: []}}) { nodes { id } } }", "VALIDATION_FAILED"),
    ('{ customers(where: {contry: {eq: "IR"}}) { nodes { id } } }', "GRAPHQL_VALIDATION_FAILED"),
    ('{ customers(where: {country: {near: "IR"}}) { nodes { id } } }', "GRAPHQL_VALIDATION_FAILED"),
    ('{ customer(id: "x") { id } }', "VALIDATION_FAILED"),
    ('{ customer(id: "ord_00000000-0000-0000-0000-000000000000") { id } }', "WRONG_KIND"),
    ("{ customer { id } }", "VALIDATION_FAILED"),
    ('{ customers { nodes { valueMetrics(asOf: "2024-13-01") { asOf } } } }', "GRAPHQL_VALIDATION_FAILED"),
    ('{ customers { nodes { valueMetrics(asOf: "2024-01-01") { asOf } } } }', "GRAPHQL_VALIDATION_FAILED"),
    ('{ customers(search: "' + "x" * 300 + '") { nodes { id } } }', "VALIDATION_FAILED"),
    (
        "{ customers { ...A } } fragment A on CustomerConnection { ...B } fragment B on CustomerConnection { ...A }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    ("query A { me { label } } query B { me { label } }", "BAD_REQUEST"),
    ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
]


@pytest.mark.parametrize(("document", "code"), BAD, ids=[document[:60] for document, _ in BAD])
async def test_bad_documents_say_what_is_wrong(world: World, document: str, code: str) -> None:
    answer = await ask(document)
    assert answer.code == code
    assert 400 <= answer.response.status < 500
    assert answer.errors[0]["message"]


WRONG_LITERALS = [
    '{ customers(first: 1) { nodes {\n stage(asOf: "2024-13-01") { enteredAt } } } }',
    '{ customers(first: 1) { nodes {\n segments(asOf: "9999-12-31T23:59:59Z") { id } } } }',
    'mutation { customerCreate(input: {displayName: "A",\n birthday: "2024-02-30"}) { customer { id } } }',
    'mutation { orderRecord(input: {customerId: "x", lines: [],\n amount: "NaN."}) { order { id } } }',
    'mutation { segmentCreate(input: {key: "a", name: "b", kind: DYNAMIC,\n rule: 5}) { segment { id } } }',
]


@pytest.mark.parametrize("document", WRONG_LITERALS)
async def test_a_wrong_literal_is_shown_where_it_stands(world: World, document: str) -> None:
    answer = await ask(document)
    assert answer.code == "GRAPHQL_VALIDATION_FAILED"
    assert answer.errors[0]["locations"][0]["line"] == 2


async def test_null_decides_nothing(world: World) -> None:
    document = "query($b: Boolean = true) { me @include(if: $b) { label } }"
    assert (await ask(document)).data["me"]
    answer = await ask(document, {"b": None})
    assert (answer.code, answer.errors[0]["locations"]) == ("BAD_USER_INPUT", [{"line": 1, "column": 7}])


@pytest.mark.parametrize("search", ["'", "a & | !", "\\", "%_", "((", "\u0000", "   ", "🦊", "علي", "a" * 200])
async def test_any_search_is_answered(world: World, search: str) -> None:
    answer = await ask("query($s: String) { customers(search: $s) { nodes { id } } }", {"s": search})
    assert not answer.response.errors


async def test_a_search_finds_other_spellings(world: World) -> None:
    answer = await ask('{ customers(search: "علي رضاي", archived: null) { nodes { displayName } } }')
    assert {row["displayName"] for row in answer.data["customers"]["nodes"]} == {"علی رضایی"}


async def test_an_unknown_field_of_a_filter_comes_with_the_nearest_known_one(world: World) -> None:
    answer = await ask('{ customers(where: {contry: {eq: "IR"}}) { nodes { id } } }')
    assert "Did you mean 'country'" in answer.errors[0]["message"]
