"""Published purchase logs, read from the package `lifetimes` without importing it."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crm.value.features import Days, Features, features, purchases_between, roll_up

CALIBRATION_END = date(1997, 9, 30).toordinal()
HOLDOUT_END = date(1998, 6, 30).toordinal()

CDNOW_BG = (0.2425945, 4.4136019, 0.7929221, 2.4259071)
CDNOW_PARETO = (0.553277, 10.57768, 0.606240, 11.66874)


def _file(name: str) -> Path:
    spec = find_spec("lifetimes")
    assert spec is not None, "install the test data: pip install --no-deps lifetimes"
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "datasets" / name


def _days(name: str, columns: tuple[int, int, int], skip: int = 0) -> Days:
    """Purchases by customer and day of a log; `columns` are those of customer, date and money."""
    rows = [line.split() for line in _file(name).read_text().splitlines()[skip:] if line.strip()]
    who, when, money = columns
    customer = np.array([int(row[who]) for row in rows])
    days = np.array([date.fromisoformat(row[when]).toordinal() for row in rows])
    return roll_up(customer, days, np.array([float(row[money]) for row in rows]))


@cache
def cdnow_days() -> Days:
    """The 1/10 sample of CDNOW's new customers of early 1997, by customer and day."""
    return _days("CDNOW_sample.txt", (1, 2, 4))


@cache
def cdnow_whole_days() -> Days:
    """All 23,570 of them."""
    return _days("CDNOW_master.txt", (0, 1, 3), skip=1)


@cache
def cdnow(end: int = CALIBRATION_END) -> Features:
    """What the models read of the CDNOW sample at the close of day `end`, in weeks."""
    return features(cdnow_days(), end=end, zero_counts=True)


@cache
def cdnow_whole(end: int = HOLDOUT_END) -> Features:
    """The same of all CDNOW customers."""
    return features(cdnow_whole_days(), end=end, zero_counts=True)


@cache
def cdnow_holdout() -> NDArray[np.float64]:
    """Purchases of each CDNOW customer in the 39 weeks after calibration."""
    customers = cdnow().customer
    return purchases_between(cdnow_days(), customers, after=CALIBRATION_END, end=HOLDOUT_END, zero_counts=True)


@cache
def table(name: str) -> dict[str, NDArray[np.float64]]:
    """A comma-separated file of numbers as columns by heading."""
    with _file(name).open() as lines:
        heads = lines.readline().strip().split(",")
        rows = np.loadtxt(lines, delimiter=",", ndmin=2)
    return dict(zip(heads, rows.T, strict=True))
