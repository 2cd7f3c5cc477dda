"""Keeps the outlook of a run beside its snapshots, and reads it back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any
from uuid import UUID

import numpy as np

from crm.database import execute
from crm.value.outlook import MEASURES, Outlook

_WRITE = """
INSERT INTO run_outlook (id, created_at, updated_at, run_id, customers, terms, figures)
VALUES (uuidv7(), now(), now(), $1, $2, $3, $4)
ON CONFLICT (run_id) DO UPDATE SET customers = $2, terms = $3, figures = $4, updated_at = now()
"""


async def write(run_id: UUID, found: Outlook) -> None:
    """Keep the outlook of a run; that of an interrupted attempt is replaced."""
    await execute(_WRITE, run_id, found.customers, found.moments.shape[1], _packed(found))


def read(row: Any) -> Outlook:
    """The outlook that a row of the table holds."""
    columns = np.frombuffer(row["figures"], dtype="<f8").reshape(2 + len(MEASURES) * row["terms"], -1)
    moments = columns[2:].reshape(len(MEASURES), row["terms"], -1)
    return Outlook(row["customers"], columns[0].astype(np.int64), columns[1], moments)


def plain(found: Outlook) -> dict[str, Any]:
    """The same as JSON can hold it."""
    figures = b64encode(_packed(found)).decode()
    return {"customers": found.customers, "terms": found.moments.shape[1], "figures": figures}


def again(kept: dict[str, Any]) -> Outlook:
    """What `plain` told."""
    return read(kept | {"figures": b64decode(kept["figures"])})


def _packed(found: Outlook) -> bytes:
    """Months, hazards and moments one after the other, 8 bytes a number."""
    terms, classes = found.moments.shape[1:]
    columns = [found.month, found.hazard, *found.moments.reshape(len(MEASURES) * terms, classes)]
    return np.stack(columns).astype("<f8").tobytes()
