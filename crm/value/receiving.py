"""What customers receive, and from how many staff: satisfaction, ease, kept promises, delivered value, breadth."""

from __future__ import annotations

import numpy as np

from crm.value.arrays import Floats
from crm.value.columns import Column, Figures, Kind
from crm.value.findings import Findings
from crm.value.scoring import axes
from crm.value.worth import Worth

# What a customer receives: ratings and kept promises; against them stand effort and price.
BENEFITS = {"satisfaction": 0.6, "promises_kept": 0.4}


def receiving(worth: Worth, findings: Findings) -> Figures:
    """Breadth of contacts, and what the customer receives: satisfaction, ease, kept promises, 0..1."""
    rows = worth.book.rows
    satisfaction = _mean(rows["nps"], rows["csat"])
    shares = {
        "top_contact_share": rows["top_share"],
        "satisfaction": satisfaction,
        "ease": rows["ces"],
        "promises_kept": rows["kept"],
        "delivered_value": _delivered(worth, findings, satisfaction),
    }
    columns = {name: Column(Kind.FLOAT, np.nan_to_num(values), ~np.isnan(values)) for name, values in shares.items()}
    return {"contact_breadth": Column(Kind.SMALL, rows["breadth"]), **columns}


def _mean(*columns: Floats) -> Floats:
    """Mean of the known ones, NaN where none is."""
    table = np.stack([np.asarray(column, dtype=np.float64) for column in columns])
    count = (~np.isnan(table)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.where(count > 0, np.nansum(table, axis=0) / count, np.nan)
    return mean


def _delivered(worth: Worth, findings: Findings, satisfaction: Floats) -> Floats:
    """Benefit (satisfaction, kept promises) less burden (effort, price), -1..1; what is unknown drops out of its side.

    A price as that which divides high from low in the matrix is neither dear nor cheap, 0.5; twice of it is 1.
    """
    rows = worth.book.rows
    kept = np.asarray(rows["kept"], dtype=np.float64)
    weights = np.where(np.isnan(kept), 0.0, BENEFITS["promises_kept"])
    benefit = (BENEFITS["satisfaction"] * satisfaction + weights * np.nan_to_num(kept)) / (
        BENEFITS["satisfaction"] + weights
    )
    price = axes(worth.book, worth.facts)[0]
    dear = np.clip(price / (2 * findings.price_cut), 0.0, 1.0) if findings.price_cut else np.full(len(rows), np.nan)
    burden = _mean(1 - rows["ces"], dear)
    delivered: Floats = benefit - np.where(np.isnan(burden), 0.5, burden)
    return delivered
