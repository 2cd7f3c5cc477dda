"""axe-core, which judges pages by the rules of accessibility."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

FOLDER = Path(__file__).parent
SCRIPT = FOLDER / "node_modules/axe-core/axe.min.js"

_RUN = """
async ([script, only]) => {
    // The page's own policy allows no foreign script, so it is run as a text.
    if (!window.axe) (0, eval)(script);
    const options = { resultTypes: ["violations"], ...(only ? { runOnly: { type: "rule", values: only } } : {}) };
    const found = await window.axe.run(document, options);
    return found.violations
        .filter((each) => ["serious", "critical"].includes(each.impact))
        .map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}
"""


async def script() -> str:
    """axe-core's source, installed from npm once; without npm the test is skipped, except where CI=true."""
    if not SCRIPT.exists():
        await asyncio.to_thread(_install)
    return SCRIPT.read_text(encoding="utf-8")


def _install() -> None:
    if not shutil.which("npm"):
        _missing("Node.js is missing; on Debian run once as root: apt-get install nodejs npm")
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, check=False)
    if done.returncode:
        _missing(f"axe-core is not installed; run once: npm ci --prefix {FOLDER.relative_to(Path.cwd())}")


def _missing(remedy: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(remedy)
    pytest.skip(remedy)


async def violations(page: Page, source: str, only: list[str] | None = None) -> list[str]:
    """The serious and critical violations on the page that is open, with where they are."""
    found: Any = await page.evaluate(_RUN, [source, only])
    return [str(each) for each in found]
