"""What is told of customers' intimacy needs the right to read it."""

import pytest

from crm import depth, feedback, goals, network, quality
from crm.access import Scope
from crm.errors import Forbidden
from models import (
    Goal,
)
from tests import factories
from tests.crm import lifecycle_world as world
from tests.crm.intimacy_world import GOAL, PERIOD
from tests.factories import NOW


async def test_without_their_scopes_nothing_is_told(db: str) -> None:
    await world.lifecycle()
    alice = await factories.customer()
    attempts = [
        (Scope.INTERACTION_READ, lambda a: depth.of_customer(a, alice.id, since=NOW, now=NOW)),
        (Scope.VALUE_READ, lambda a: depth.exposure(a, since=NOW, now=NOW)),
        (Scope.CUSTOMER_READ, lambda a: network.near(a, alice.id)),
        (Scope.VALUE_READ, lambda a: network.total(a, alice.id)),
        (Scope.INTERACTION_READ, lambda a: feedback.scores(a, period=PERIOD)),
        (Scope.INTERACTION_READ, lambda a: feedback.explained(a, period=PERIOD)),
        (Scope.INTERACTION_READ, lambda a: feedback.complaints(a, period=PERIOD, now=NOW)),
        (Scope.CUSTOMER_READ, lambda a: quality.report(a, now=NOW)),
        (Scope.AUDIT_READ, lambda a: quality.provenance(a, alice.id)),
        (Scope.SETTINGS_WRITE, lambda a: goals.create(a, fields=GOAL, now=NOW)),
    ]
    for scope, attempt in attempts:
        with pytest.raises(Forbidden, match=scope.value):
            await attempt(factories.everything_but(scope))  # type: ignore[no-untyped-call]
    assert not await Goal.exists()
