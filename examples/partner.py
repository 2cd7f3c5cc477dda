"""A partner's script: bring customers and orders of a web shop into Arzesh, again and again, without doing it twice.

    ARZESH_TOKEN=arz_… python examples/partner.py shop.json

The token needs the scopes customer:read, customer:write, order:read and order:write. It needs httpx and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

UPSERT = """
mutation Upsert($input: CustomerUpsertInput!) {
  customerUpsert(input: $input) { created customer { id version } problems { code message path } }
}"""
RECORD = """
mutation Record($input: OrderRecordInput!) {
  orderRecord(input: $input) { order { id } problems { code message path existingId } }
}"""
READ = "query Read($id: ID!) { customer(id: $id) { version city } }"
UPDATE = """
mutation Update($input: CustomerUpdateInput!) {
  customerUpdate(input: $input) { customer { version city } problems { code message path currentVersion } }
}"""

PATIENCE = 5
PASSING = {"BUSY", "DATABASE_UNAVAILABLE", "TIMEOUT"}


class Refused(Exception):
    """What Arzesh did not do, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass
class Arzesh:
    """The API; `http` has its address and the token."""

    http: httpx.Client
    sleep: Callable[[float], None] = time.sleep

    def ask(self, document: str, variables: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """The data of a document. Repeats what may be repeated; with an idempotency key, nothing happens twice."""
        headers = {"Idempotency-Key": key} if key else {}
        for attempt in range(1, PATIENCE + 1):
            try:
                sent = {"query": document, "variables": variables}
                answer = self.http.post("/graphql", json=sent, headers=headers).json()
            except httpx.TransportError:
                if attempt == PATIENCE:
                    raise
                self.sleep(2**attempt / 10)
                continue
            if "errors" not in answer:
                data: dict[str, Any] = answer["data"]
                return data
            wait = seconds_to_wait(answer["errors"][0], attempt)
            if wait is None or attempt == PATIENCE:
                raise refused(answer["errors"][0])
            self.sleep(wait)
        raise AssertionError("unreachable")

    def change(self, document: str, given: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """The payload of a mutation. Raises Refused with the first problem."""
        for attempt in range(1, PATIENCE + 1):
            payload: dict[str, Any] = next(iter(self.ask(document, {"input": given}, key=key).values()))
            problem = next(iter(payload["problems"]), None)
            if problem is None:
                return payload
            if problem["code"] != "BUSY" or attempt == PATIENCE:
                raise Refused(problem["code"], problem["message"])
            self.sleep(2**attempt / 10)
        raise AssertionError("unreachable")

    def customer(self, person: dict[str, Any]) -> str:
        """The id of a customer of the shop, made known or brought up to date."""
        identities = [{"kind": "EXTERNAL", "source": "shop", "value": person["number"], "primary": True}]
        if person.get("email"):
            identities.append({"kind": "EMAIL", "value": person["email"]})
        given = {"givenName": person["given"], "familyName": person["family"], "identities": identities}
        found: str = self.change(UPSERT, given)["customer"]["id"]
        return found

    def order(self, customer: str, order: dict[str, Any]) -> str:
        """The id of an order. Its number is the idempotency key, so that a repetition records nothing."""
        given = {
            "customerId": customer,
            "source": "shop",
            "reference": order["number"],
            "placedAt": order["at"],
            "amount": order["amount"],  # a string: floats lose pennies
            "currency": order["currency"],
        }
        found: str = self.change(RECORD, given, key=f"shop-order-{order['number']}")["order"]["id"]
        return found

    def move_house(self, customer: str, city: str) -> None:
        """Change a field of a record that others may be changing: on a conflict look again, then repeat."""
        for attempt in range(1, PATIENCE + 1):
            seen = self.ask(READ, {"id": customer})["customer"]
            if seen["city"] == city:
                return
            try:
                self.change(UPDATE, {"id": customer, "expectedVersion": seen["version"], "city": city})
            except Refused as error:
                if error.code != "VERSION_CONFLICT" or attempt == PATIENCE:
                    raise
            else:
                return


def seconds_to_wait(error: dict[str, Any], attempt: int) -> float | None:
    """How long to wait before a repetition; None when repeating is of no use."""
    told = error.get("extensions", {})
    if told.get("code") == "THROTTLED":
        return float(told["waitMs"]) / 1000
    return 2**attempt / 10 if told.get("code") in PASSING else None


def refused(error: dict[str, Any]) -> Refused:
    return Refused(error.get("extensions", {}).get("code", "UNKNOWN"), error["message"])


def main(file: Path) -> None:
    """The file holds [{"number", "given", "family", "email", "city", "orders": [{"number", "at", …}]}]."""
    url = os.environ.get("ARZESH_URL", "http://127.0.0.1:8000")
    headers = {"Authorization": f"Bearer {os.environ['ARZESH_TOKEN']}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as http:
        arzesh = Arzesh(http)
        for person in json.loads(file.read_text(encoding="utf-8")):
            customer = arzesh.customer(person)
            if person.get("city"):
                arzesh.move_house(customer, person["city"])
            orders = [arzesh.order(customer, order) for order in person.get("orders", ())]
            print(f"{customer}  {person['given']} {person['family']}, {len(orders)} orders")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
