"""When a delivery that failed is tried again: soon at first, then rarely, ten times in three days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

# The example schedule of Standard Webhooks: 75.6 hours in all.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
MOST_ATTEMPTS = len(WAITS) + 1
PATIENCE = timedelta(days=3)
"""An endpoint that answered nothing well for so long is switched off."""
SPREAD = 0.2

Chance = Callable[[], float]
"""A number from 0 to 1."""


def wait_after(attempts: int, *, chance: Chance, wish: float | None = None) -> timedelta | None:
    """How long to wait after so many attempts; None: no more.

    The wait is up to a fifth longer, lest thousands that failed together come back together; a longer one that the
    other side asked for is kept to.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    spread = WAITS[attempts - 1] * (1 + SPREAD * chance())
    return max(spread, timedelta(seconds=wish or 0))
