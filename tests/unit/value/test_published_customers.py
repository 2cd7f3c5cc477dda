"""What single customers of CDNOW, and groups of them, are worth in print."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value import bgnbd, gammagamma, rfm
from crm.value.arrays import Floats
from crm.value.discount import Horizon
from crm.value.history import History
from crm.value.purchases import discounted_purchases
from tests.unit.value.data import cdnow_whole, table
from tests.unit.value.test_published_cohort import cohort

# A year of 12 "months" of 30 units at 1 % each, paid at their end: the units are weeks, which lifetimes takes for days.
TWELVE_STEPS = Horizon(1.01**12 - 1, units_per_year=360, periods=12, periods_per_year=12, timing="END")


def test_first_ten_customers_are_worth_what_lifetimes_prints() -> None:
    """lifetimes' documentation, Quickstart, customer_lifetime_value(time=12, discount_rate=0.01)."""
    rows = table("cdnow_customers_summary_with_transactions.csv")
    history, z = History.of(rows["x"], rows["t_x"], rows["T"]), rows["zbar"]
    again = history.x > 0
    spend = gammagamma.expected_spend(gammagamma.fit(history.x[again], z[again]).parameters, history.x, z)
    purchases = discounted_purchases(bgnbd, bgnbd.fit(history).parameters, history, TWELVE_STEPS)
    printed = (140.0962, 18.9435, 38.1806, 38.1806, 38.1806, 1003.8681, 28.1097, 38.1806, 167.4182, 38.1806)
    np.testing.assert_allclose((purchases * spend)[:10], printed, atol=6e-4)
    assert spend.mean() == pytest.approx(35.25296, abs=5e-5)


# Fader, Hardie & Lee 2005, RFM and CLV, average CLV by thirds: rows are money, then recency; columns frequency.
# NaN: a cell of which we do not have the print.
AVERAGE = (
    ((6.39, 7.30, 4.54), (20.52, 31.27, 48.74), (25.26, 41.55, 109.32)),
    ((9.02, 9.92, 5.23), (28.90, 48.67, 77.85), (34.43, 62.21, 208.85)),
    ((16.65, 22.15, np.nan), (53.20, 91.09, 140.26), (65.58, 120.97, 434.95)),
)


def thirds(values: Floats) -> Floats:
    return rfm.score(values, np.quantile(values, (1 / 3, 2 / 3)) + 1e-9) - 1


def test_groups_by_recency_frequency_and_money_are_worth_what_the_paper_prints() -> None:
    """The paper does not say how its thirds split ties, so a group differs by a few customers: within a tenth."""
    value, x, spend = cohort()
    history = cdnow_whole().history
    kept = (x > 0) & (x * spend <= 4000)
    last = -(history.T - history.t_x)
    groups = [thirds(column[kept]) for column in (spend, last, x)]
    found = [
        [[value[kept][(groups[0] == m) & (groups[1] == r) & (groups[2] == f)].mean() for f in range(3)]
        for r in range(3)] for m in range(3)
    ]  # fmt: skip
    known = ~np.isnan(AVERAGE)
    np.testing.assert_allclose(np.array(found)[known], np.array(AVERAGE)[known], rtol=0.1)
