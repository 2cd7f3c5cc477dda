"""A field that there is not is answered with the ones that were probably meant."""

from __future__ import annotations

import pytest

from tests.schema.asking import ask


@pytest.mark.parametrize(
    ("document", "meant"),
    [
        ("{ customers { nodes { name } } }", "Did you mean 'displayName', 'givenName'"),
        ("{ customers { nodes { clv } } }", "Did you mean 'valueMetrics { clv }'?"),
        ("{ customers { totalCount } }", "Did you mean 'count'?"),
        ('{ customers(where: {email: {eq: "a@example.com"}}) { nodes { id } } }', "Did you mean 'customer(identity: "),
        ("{ customers(where: {clv: {gt: 3}}) { nodes { id } } }", "Did you mean 'valueMetrics: {clv: …}'?"),
        ("{ customers { nodes { nonsense } } }", "on type 'Customer'."),
    ],
)
async def test_an_unknown_field_is_answered_with_those_that_were_meant(db: str, document: str, meant: str) -> None:
    answer = await ask(document)
    assert answer.code == "GRAPHQL_VALIDATION_FAILED"
    assert meant in answer.errors[0]["message"]
