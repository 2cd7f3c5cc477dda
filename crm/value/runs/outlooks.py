"""Keeps the outlook of a run beside its snapshots, and reads it back."""

from __future__ import annotations

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
    terms, classes = found.moments.shape[1:]
    columns = [found.month, found.hazard, *found.moments.reshape(len(MEASURES) * terms, classes)]
    figures = np.stack(columns).astype("<f8").tobytes()
    await execute(_WRITE, run_id, found.customers, terms, figures)


def read(row: Any) -> Outlook:
    """The outlook that a row of the table holds."""
    columns = np.frombuffer(row["figures"], dtype="<f8").reshape(2 + len(MEASURES) * row["terms"], -1)
    moments = columns[2:].reshape(len(MEASURES), row["terms"], -1)
    return Outlook(row["customers"], columns[0].astype(np.int64), columns[1], moments)
