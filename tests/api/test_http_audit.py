"""The audit suite of graphql-http, which holds servers to the GraphQL-over-HTTP specification."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.api.conftest import Serve

FOLDER = Path(__file__).parent / "audit"
AUDITS = 61


def install() -> None:
    """The suite from npm, once; without it the test is skipped, except where CI=true."""
    if not shutil.which("npm"):
        missing("Node.js is missing; on Debian run once as root: apt-get install nodejs npm")
    if (FOLDER / "node_modules" / "graphql-http").is_dir():
        return
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, check=False)
    if done.returncode:
        missing(f"the audit suite is not installed; run once: npm ci --prefix {FOLDER.relative_to(Path.cwd())}")


def missing(remedy: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(remedy)
    pytest.skip(remedy)


async def test_the_audit_suite_finds_nothing(serve: Serve) -> None:
    await asyncio.to_thread(install)
    async with serve() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        node = await asyncio.create_subprocess_exec(
            "node", "run.js", str(client.base_url.join("/graphql")), token, cwd=FOLDER, stdout=subprocess.PIPE
        )
        printed, _ = await node.communicate()
    found = [json.loads(line) for line in printed.splitlines()]
    assert [audit for audit in found if audit["status"] != "ok"] == []
    assert len(found) == AUDITS
