"""The receivers of the examples check signatures as they say."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys

import pytest

from crm.webhooks import deliveries
from models import DeliveryStatus
from tests.crm import webhooks_world as world
from tests.documents import ROOT
from tests.factories import OWNER

EXAMPLES = ROOT / "examples"
RECEIVERS = {"node": ["node", "receive-webhooks.mjs"], "python": [sys.executable, "receive_webhooks.py"]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


@pytest.mark.parametrize("language", RECEIVERS)
async def test_a_receiver_takes_what_is_signed_by_its_secret_and_nothing_else(db: str, language: str) -> None:
    if not shutil.which(RECEIVERS[language][0]):
        pytest.skip("Node.js is missing; on Debian run once as root: apt-get install nodejs")
    port = free_port()
    async with world.peer():  # this process may call loopback
        known, secret = await world.endpoint(f"http://127.0.0.1:{port}/")
        other, _ = await world.endpoint(f"http://127.0.0.1:{port}/")
        environment = {**os.environ, "WEBHOOK_SECRET": secret}
        program = [*RECEIVERS[language], str(port)]
        receiver = await asyncio.create_subprocess_exec(*program, cwd=EXAMPLES, env=environment, stdout=-1)
        try:
            await asyncio.wait_for(listening(port), 60)
            good, bad = [await deliveries.test(OWNER, each.id, now=world.now()) for each in (known, other)]
        finally:
            receiver.kill()
            printed, _ = await receiver.communicate()
    assert (good.status, good.response_excerpt) == (DeliveryStatus.DELIVERED, "taken")
    assert (bad.status, bad.response_status) == (DeliveryStatus.FAILED, 401)
    assert printed.decode().startswith("webhook.tested")
