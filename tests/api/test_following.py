"""What /metrics tells of subscriptions."""

from __future__ import annotations

from tests import factories
from tests.api.conftest import Serve
from tests.api.test_subscriptions import CHANGED, greeted


async def test_figures_tell_of_subscriptions_answers_and_those_dropped(serve: Serve) -> None:
    async with serve() as client:
        async with greeted(client) as socket:
            await socket.subscribe("1", CHANGED)
            await factories.customer("Alice")
            await socket.hear()
            shown = (await client.get("/metrics")).text
            assert "arzesh_stream_connections 1.0" in shown
            assert 'arzesh_subscriptions_open{field="customerChanged"} 1.0' in shown
            (box,) = client.app.state.streams.feed.boxes
            box.overflown = True
            await socket.hear()
        shown = (await client.get("/metrics")).text
        assert 'arzesh_subscription_answers_total{field="customerChanged"} 1.0' in shown
        assert 'arzesh_subscriptions_ended_total{field="customerChanged",reason="TOO_SLOW"} 1.0' in shown
        assert 'arzesh_subscriptions_open{field="customerChanged"} 0.0' in shown
