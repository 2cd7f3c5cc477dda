"""A partner without a browser walks a prospect to an advocate: over HTTP, with nothing but a token and documents."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx

import schema
from crm.lifecycle import default
from tests.api.conftest import OWNER, Serve, ask, minted

SCOPES = (
    "customer:read", "customer:write", "pii:read", "order:read", "order:write", "interaction:read",
    "interaction:write", "lifecycle:read", "stage:move", "segment:read",
)  # fmt: skip
MOVE = """
mutation($i: StageMoveInput!) {
  stageMove(input: $i) { moved openTo obstacles { code expected actual } problems { code message }
                         customer { stage { stage { key } } } }
}
"""
STAGE = "query($c: ID!, $t: DateTime) { customer(id: $c) { stage(asOf: $t) { stage { key } enteredAt } } }"
HISTORY = """
query($c: ID!) {
  customer(id: $c) {
    timeline(first: 50, kinds: [STAGE_MOVE, ORDER, INTERACTION]) {
      nodes { kind ... on StageMoveEntry { transition { fromStage { key } toStage { key } cause rule reason } } }
    }
  }
  stageJourney(customerId: $c) { stays { stage } dwell { stage totalSeconds } }
}
"""


class Partner:
    """Somebody else's program."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.customer = ""

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        answer = await ask(self.client, document, variables=variables)
        assert "errors" not in answer.json(), answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found

    async def do(self, name: str, selected: str = "", **fields: Any) -> dict[str, Any]:
        kind = name[0].upper() + name[1:] + "Input"
        text = f"mutation($i: {kind}!) {{ {name}(input: $i) {{ problems {{ message path }} {selected} }} }}"
        found: dict[str, Any] = (await self.ask(text, i=fields))[name]
        assert found["problems"] == []
        return found

    async def move(self, to: str, **fields: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask(MOVE, i={"customerId": self.customer, "to": to, **fields}))["stageMove"]
        return found

    async def order(self, amount: str) -> None:
        at = datetime.now(UTC).isoformat()
        await self.do("orderRecord", customerId=self.customer, amount=amount, currency="USD", placedAt=at)

    async def comes_to(self, stage: str) -> None:
        """Wait for the automatic move; it takes well under ten seconds."""
        async with asyncio.timeout(30):
            while (await self.ask(STAGE, c=self.customer))["customer"]["stage"]["stage"]["key"] != stage:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_a_partner_walks_a_prospect_to_an_advocate(serve: Serve) -> None:
    await default.install(OWNER)
    secret = (await minted(*SCOPES)).secret
    async with serve(schema.execute) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        partner = Partner(client)
        address = {"kind": "EMAIL", "value": "leyla@example.org"}
        made = await partner.do("customerCreate", "customer { id }", givenName="Leyla", identities=[address])
        partner.customer = made["customer"]["id"]
        await _walk(partner)
        history = await partner.ask(HISTORY, c=partner.customer)
    moves = [node["transition"] for node in history["customer"]["timeline"]["nodes"] if node["kind"] == "STAGE_MOVE"]
    path = ["suspect", "prospect", "first_time_buyer", "repeat_buyer", "client", "advocate"]
    assert [move["toStage"]["key"] for move in reversed(moves)] == path
    assert [move["cause"] for move in reversed(moves)] == ["MANUAL"] * 2 + ["AUTOMATIC"] * 4
    assert "NPS" in moves[0]["rule"]
    assert [stay["stage"] for stay in history["stageJourney"]["stays"]] == path
    assert all(each["totalSeconds"] >= 0 for each in history["stageJourney"]["dwell"])


async def _walk(partner: Partner) -> None:
    tried = await partner.move("first_time_buyer", dryRun=True)
    assert (tried["moved"], tried["openTo"]) == (False, ["first_time_buyer", "prospect", "lost"])
    assert [(each["code"], each["actual"]) for each in tried["obstacles"]] == [("GUARD", "0")]
    assert (await partner.move("prospect", expectedStage="suspect"))["moved"]
    conflict = await partner.move("lost", expectedStage="suspect", reason="silent")
    assert [each["code"] for each in conflict["problems"]] == ["VERSION_CONFLICT"]
    assert "'prospect'" in conflict["problems"][0]["message"]
    for orders, stage in ((1, "first_time_buyer"), (1, "repeat_buyer"), (3, "client")):
        for _ in range(orders):
            await partner.order("25.00")
        await partner.comes_to(stage)
    survey = {"channel": "WEB", "direction": "INBOUND", "kind": "SURVEY", "ratingKind": "NPS", "rating": 10}
    await partner.do("interactionLog", customerId=partner.customer, **survey)
    await partner.comes_to("advocate")
