"""Searching the records of customers by the customers' names."""

from __future__ import annotations

from typing import Any

from tortoise.expressions import Q

from crm import text
from crm.database import fetch

MOST = 500

# The trigram index finds the customers; theirs are then found by key, which one joined condition could not do.
_NAMED = "SELECT id FROM customer WHERE search_text LIKE ALL ($1::text[]) LIMIT $2"


async def of_customers(term: str, column: str = "customer_id") -> Q:
    """Records of the customers that a term finds."""
    patterns = [f"%{literal(word)}%" for word in text.normalise(term).split()[:8]]
    rows = await fetch(_NAMED, patterns, MOST) if patterns else []
    keys: Any = [row["id"] for row in rows]
    return Q(**{f"{column}__in": keys})


def literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
