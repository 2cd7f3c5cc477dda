"""Whatever bytes arrive, reading them ends in parameters or in a problem that says what is wrong."""

from __future__ import annotations

import contextlib
from urllib.parse import urlencode

import orjson
from hypothesis import given
from hypothesis import strategies as st

from api.answers import accepts_gzip
from api.auth import cookie_value
from api.errors import MalformedRequest, UnsupportedMediaType
from api.negotiation import GRAPHQL, JSON, answer_type, check_request_type, prefers_html
from api.request import Parameters, from_body, from_query_string

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
names = st.sampled_from(["query", "variables", "operationName", "extensions", "documentId", "other"])


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (from_body, from_query_string):
        with contextlib.suppress(MalformedRequest):
            assert isinstance(read(body), Parameters)


def read(body: dict[str, object]) -> Parameters | MalformedRequest:
    try:
        return from_body(orjson.dumps(body))
    except MalformedRequest as refused:
        return refused


@given(st.dictionaries(names, values, max_size=6))
def test_any_json_is_read_with_its_types_or_refused_by_name(body: dict[str, object]) -> None:
    found = read(body)
    if isinstance(found, Parameters):
        assert found.query is None or isinstance(found.query, str)
        assert isinstance(found.variables, dict)
    else:
        assert found.path == () or found.path[0] in body


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_variables_come_through_get_as_through_post(variables: dict[str, object]) -> None:
    text = orjson.dumps(variables).decode()
    by_get = from_query_string(urlencode({"query": "{ x }", "variables": text}).encode())
    by_post = from_body(orjson.dumps({"query": "{ x }", "variables": variables}))
    assert by_get == by_post


@given(st.text(max_size=80))
def test_any_header_is_understood_somehow(text: str) -> None:
    assert answer_type(text) in (JSON, GRAPHQL, None)
    assert prefers_html(text) in (True, False)
    assert accepts_gzip(text) in (True, False)
    cookie_value(text, "arzesh_session")
    with contextlib.suppress(UnsupportedMediaType):
        check_request_type(text, "")


@given(st.text('abc=;" ', max_size=30), st.text("xyz0123", min_size=1, max_size=10))
def test_a_cookie_is_found_among_others(others: str, value: str) -> None:
    assert cookie_value(f"a=1; arzesh_session={value}; {others}", "arzesh_session") == value
