"""Documents that are named instead of sent: Apollo's protocol, trusted folders, caching of what they give."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.documents import Documents, load_trusted
from crm.errors import SettingsInvalid
from crm.settings import Settings
from tests.api.conftest import ask, code, reaching

QUERY = "query Me { me { label } }"
HASH = hashlib.sha256(QUERY.encode()).hexdigest()


def persisted(mark: str = HASH, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": mark}}, **more}


@pytest.fixture
def trusting(tmp_path: Path, db: str) -> Settings:
    """Settings that serve the documents of a folder and nothing else."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "me.graphql").write_text(QUERY)
    (tmp_path / "relay.json").write_text(json.dumps({"a1": "{ me { kind } }"}))
    (tmp_path / "apollo.json").write_text(json.dumps({"operations": [{"id": "b2", "body": "{ me { label kind } }"}]}))
    return Settings(secret_key="x" * 32, trusted_documents=tmp_path, only_trusted=True)


async def test_a_document_is_registered_once_and_named_ever_after(client: httpx.AsyncClient) -> None:
    asked = await client.post("/graphql", json=persisted())
    assert (asked.status_code, code(asked)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert asked.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    for body in (persisted(query=QUERY), persisted()):
        answer = await client.post("/graphql", json=body)
        assert answer.json()["data"] == {"me": {"label": "Shop"}}


async def test_a_hash_that_belongs_to_another_text_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json=persisted(query="{ me { kind } }"))
    assert (answer.status_code, "provided sha does not match query" in answer.text) == (400, True)
    assert code(await client.post("/graphql", json=persisted())) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "given", ["text", {}, {"version": 2, "sha256Hash": HASH}, {"version": 1}, {"version": 1, "sha256Hash": "../x"}]
)
async def test_a_malformed_registration_is_refused(client: httpx.AsyncClient, given: Any) -> None:
    answer = await client.post("/graphql", json={"query": QUERY, "extensions": {"persistedQuery": given}})
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_an_invalid_document_is_not_remembered(client: httpx.AsyncClient) -> None:
    wrong = "{ nothing }"
    mark = hashlib.sha256(wrong.encode()).hexdigest()
    await client.post("/graphql", json=persisted(mark, query=wrong))
    assert code(await client.post("/graphql", json=persisted(mark))) == "PERSISTED_QUERY_NOT_FOUND"


def test_what_is_remembered_has_bounds() -> None:
    documents = Documents(most=3, most_bytes=25)
    for number in range(10):
        documents.learn(str(number), "x" * 5)
    assert list(documents.learnt) == ["7", "8", "9"]
    documents.learn("large", "x" * 15)
    assert list(documents.learnt) == ["8", "9", "large"]
    assert documents.learnt_bytes == 25


async def test_a_named_document_by_get_can_be_kept_and_revalidated(client: httpx.AsyncClient) -> None:
    await client.post("/graphql", json=persisted(query=QUERY))
    params = {"extensions": json.dumps(persisted()["extensions"])}
    first = await client.get("/graphql", params=params)
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    again = await client.get("/graphql", params=params, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    strong = await client.get("/graphql", params=params, headers={"If-None-Match": first.headers["etag"][2:]})
    assert (strong.status_code, "content-length" in strong.headers) == (304, False)
    other = await client.get("/graphql", params=params, headers={"If-None-Match": '"other"'})
    assert other.json() == first.json()


async def test_an_error_is_never_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", params={"extensions": json.dumps(persisted()["extensions"])})
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    "named", [{"documentId": "shop/me"}, {"documentId": HASH}, {"documentId": f"sha256:{HASH}"}, persisted()]
)
async def test_a_trusted_document_is_served_by_its_names(trusting: Settings, token: str, named: dict[str, Any]) -> None:
    async with reaching(create_app(trusting), token) as client:
        answer = await client.post("/graphql", json=named)
    assert answer.json()["data"] == {"me": {"label": "Shop"}}


@pytest.mark.parametrize(
    ("document_id", "data"), [("a1", {"kind": "TOKEN"}), ("b2", {"label": "Shop", "kind": "TOKEN"})]
)
async def test_manifests_of_relay_and_apollo_are_read(
    trusting: Settings, token: str, document_id: str, data: dict[str, str]
) -> None:
    async with reaching(create_app(trusting), token) as client:
        answer = await client.get("/graphql", params={"documentId": document_id})
    assert answer.json()["data"] == {"me": data}
    assert "etag" in answer.headers


async def test_where_only_trusted_documents_are_served_others_are_not(trusting: Settings, token: str) -> None:
    other = "{ me { scopes } }"
    mark = hashlib.sha256(other.encode()).hexdigest()
    async with reaching(create_app(trusting), token) as client:
        assert code(await ask(client, other)) == "PERSISTED_DOCUMENT_REQUIRED"
        assert code(await client.post("/graphql", json=persisted(mark, query=other))) == "PERSISTED_QUERY_NOT_SUPPORTED"
        assert code(await client.post("/graphql", json={"documentId": "none"})) == "PERSISTED_DOCUMENT_NOT_FOUND"
        assert (await ask(client, QUERY)).json()["data"] == {"me": {"label": "Shop"}}


@pytest.mark.parametrize("content", ["[]", "{", '{"operations": [{"id": 1}]}', "42"])
def test_a_manifest_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "wrong.json").write_text(content)
    with pytest.raises(SettingsInvalid, match=r"wrong\.json"):
        load_trusted(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="no such folder"):
        load_trusted(tmp_path / "absent")
