"""Hands memory back that the C library keeps for later: a run needs most of it for a second only."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Return to the system what is free. Only glibc keeps so much that it has a way to; elsewhere nothing happens."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return
