"""GraphQL over HTTP: what a request may look like, and what the answer looks like then."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest

from api.app import create_app
from crm.settings import Settings
from tests.api.conftest import ask, code, odd, reaching

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL};q=0.5, {JSON};q=0.9", JSON),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
        (f"text/html, {GRAPHQL};q=0.1", GRAPHQL),
        ("application/*", JSON),
    ],
)
async def test_the_client_chooses_the_media_type(client: httpx.AsyncClient, accept: str, media_type: str) -> None:
    answer = await ask(client, Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "image/png", f"{JSON};q=0", f"{JSON};charset=latin-1"])
async def test_a_client_that_accepts_nothing_we_have_hears_so(client: httpx.AsyncClient, accept: str) -> None:
    answer = await ask(client, Accept=accept)
    assert (answer.status_code, code(answer)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/graphql", "application/json; charset=utf-16", "json"]
)
async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient, content_type: str) -> None:
    answer = await client.post("/graphql", content=b"{}", headers={"Content-Type": content_type})
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_compressed_body_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
    answer = await client.post("/graphql", content=gzip.compress(b"{}"), headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b"null", "null"),
        (b"42", "a number"),
        (b'"text"', "a string"),
        (b"true", "a boolean"),
        (b"[]", "not batched"),
        (b'[{"query":"{ __typename }"}]', "not batched"),
        (b"{}", "'query' is missing"),
        (b'{"query":null}', "'query' is missing"),
        (b'{"query":42}', "'query' is a number"),
        (b'{"query":["{ __typename }"]}', "'query' is a list"),
        (b'{"query":"{ __typename }","variables":"{}"}', "'variables' is a string"),
        (b'{"query":"{ __typename }","variables":[1]}', "'variables' is a list"),
        (b'{"query":"{ __typename }","operationName":{}}', "'operationName' is an object"),
        (b'{"query":"{ __typename }","extensions":false}', "'extensions' is a boolean"),
        (b'{"query":"{ __typename }","documentId":7}', "'documentId' is a number"),
        (b"[" * 100_000, "not JSON"),
        (b'{"variables":' + b'{"a":' * 100 + b"1" + b"}" * 101, "nests deeper than 64"),
        (b'{"query":"\\ud800"}', "not JSON"),
        (b'{"query":"{ me { label } }", "variables": {"a": NaN}}', "not JSON"),
    ],
)
async def test_a_malformed_body_is_a_400_that_names_the_fault(
    client: httpx.AsyncClient, body: bytes, said: str
) -> None:
    for accept in (JSON, GRAPHQL):
        headers = {"Content-Type": JSON, "Accept": accept}
        answer = await client.post("/graphql", content=body, headers=headers)
        assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
        assert said in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("query", ["{", "{ unknown }", "", "query A { __typename } query B { __typename }"])
async def test_a_wrong_document_is_a_400_for_those_who_know_the_specification(
    client: httpx.AsyncClient, query: str
) -> None:
    assert (await ask(client, query, Accept=GRAPHQL)).status_code == 400
    answer = await ask(client, query, Accept=JSON)
    assert answer.status_code == 200
    assert "data" not in answer.json()


async def test_every_error_carries_the_request_id(client: httpx.AsyncClient) -> None:
    for answer in (await ask(client, "{ a b c }"), await client.post("/graphql"), await client.get("/nowhere")):
        found = {error["extensions"]["requestId"] for error in answer.json()["errors"]}
        assert found == {answer.headers["x-request-id"]}


async def test_a_request_may_carry_more_than_we_know(client: httpx.AsyncClient) -> None:
    answer = await ask(client, onError="NULL", variables=None, extensions=None, operationName=None)
    assert answer.json()["data"] == {"me": {"label": "Shop"}}


async def test_queries_may_come_by_get(client: httpx.AsyncClient) -> None:
    query = "query A($all: Boolean!) { me { label scopes @include(if: $all) } } query B { __typename }"
    params = {"query": query, "operationName": "A", "variables": '{"all": false}', "extensions": ""}
    answer = await client.get("/graphql", params=params)
    assert answer.json()["data"] == {"me": {"label": "Shop"}}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query_string", "said"),
    [
        ("", "'query' is missing"),
        ("query=%ff%fe", "cannot be read"),
        ("query={__typename}&query={__typename}", "stands twice"),
        ("query={__typename}&variables={", "not JSON"),
        ("query={__typename}&variables=[]", "'variables' is a list"),
        ("query={__typename}&variables=" + "[" * 200 + "]" * 200, "nests deeper"),
        ("&".join(f"a{number}=1" for number in range(30)), "cannot be read"),
    ],
)
async def test_a_malformed_query_string_is_a_400(client: httpx.AsyncClient, query_string: str, said: str) -> None:
    answer = await client.get(f"/graphql?{query_string}")
    assert answer.status_code == 400
    assert said in answer.json()["errors"][0]["message"]


async def test_mutations_do_not_come_by_get(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", params={"query": "mutation { __typename }"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert code(answer) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/graphql", json={"query": "{ __typename }"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_large_answers_are_compressed_for_those_who_can_read_that(base_settings: Settings, token: str) -> None:
    async with reaching(create_app(base_settings, execute=odd), token) as found:
        packed = await ask(found, "{ large }", Accept_Encoding="br, gzip;q=0.8")
        plain = await ask(found, "{ large }", Accept_Encoding="identity")
        refused = await ask(found, "{ large }", Accept_Encoding="gzip;q=0")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json() == refused.json()
    assert int(packed.headers["content-length"]) < len(plain.content) / 50
    assert "content-encoding" not in {*plain.headers, *refused.headers}
    assert "Accept-Encoding" in packed.headers["vary"]


async def test_small_answers_are_not_compressed(client: httpx.AsyncClient) -> None:
    assert "content-encoding" not in (await ask(client)).headers


async def test_text_goes_through_in_utf8(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "query Q($rule: CustomerWhere) { customers(where: $rule) { nodes { id } } }", variables={
        "rule": {"city": {"eq": "تهران 🏃"}}
    })  # fmt: skip
    assert answer.json()["data"] == {"customers": {"nodes": []}}
    json.loads(answer.content.decode("utf-8"))
