"""Fitted parameters equal the published tables."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value import bgbb, bgnbd, gammagamma, mbgnbd, paretonbd, sbg
from crm.value.features import features, roll_up
from crm.value.history import History
from crm.value.models import PurchaseModel
from crm.value.optimise import Fit
from tests.unit.value.data import CALIBRATION_END, HOLDOUT_END, cdnow, cdnow_days, cdnow_holdout, table

REGULAR = (1000, 631, 468, 382, 326, 289, 262, 241)
HIGH_END = (1000, 869, 743, 653, 593, 551, 517, 491)


def assert_fit(fit: Fit, parameters: tuple[float, ...], log_likelihood: float | None, relative: float) -> None:
    np.testing.assert_allclose(fit.parameters, parameters, rtol=relative)
    if log_likelihood is not None:
        assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-4)


def test_cdnow_sample_has_the_published_counts() -> None:
    """Fader, Hardie & Lee 2005: 2,357 customers; 946 bought again by week 39; 1,882 holdout purchases."""
    x = cdnow().history.x
    counts = (len(x), x.sum(), (x > 0).sum(), (x == 0).sum(), cdnow_holdout().sum())
    assert counts == (2357, 2457, 946, 1411, 1882)


@pytest.mark.parametrize(
    ("model", "parameters", "log_likelihood"),
    [
        # Fader, Hardie & Lee 2005, Marketing Science 24(2), table 2 (.243 4.414 .793 2.426, -9582.4)
        pytest.param(bgnbd, (0.2425945, 4.4136019, 0.7929221, 2.4259071), -9582.42921, id="BG/NBD FHL 2005"),
        # same paper and table (.553 10.578 .606 11.669, -9595.0)
        pytest.param(paretonbd, (0.553277, 10.57768, 0.606240, 11.66874), -9594.97618, id="Pareto/NBD FHL 2005"),
    ],
)
def test_cdnow_39_weeks(model: PurchaseModel, parameters: tuple[float, ...], log_likelihood: float) -> None:
    assert_fit(model.fit(cdnow().history), parameters, log_likelihood, 2e-6)


def test_mbg_cdnow_39_weeks() -> None:
    """lifetimes' tests: .525 6.183 .891 1.614."""
    assert_fit(mbgnbd.fit(cdnow().history), (0.52484, 6.18299, 0.89136, 1.61400), None, 2e-5)


def test_bg_cdnow_rounded_summary() -> None:
    """The two-decimal summary file shipped with lifetimes."""
    rows = table("cdnow_customers_summary.csv")
    history = History.of(rows["frequency"], rows["recency"], rows["T"])
    assert_fit(bgnbd.fit(history), (0.2425929, 4.4135314, 0.7928862, 2.4257537), -9582.42556, 2e-6)


def test_bg_cdnow_collapsed_by_week_differs_as_documented() -> None:
    """clvkit's documentation: collapsing by week instead of by day gives .291 6.852 .665 2.320."""
    days = cdnow_days()
    weeks = roll_up(days.customer, (days.day - 1) // 7, days.revenue)
    seen = features(weeks, end=(CALIBRATION_END - 1) // 7, unit_days=1, zero_counts=True)
    assert_fit(bgnbd.fit(seen.history), (0.291, 6.852, 0.665, 2.320), None, 2e-3)


def test_bg_log_likelihood_at_ones() -> None:
    """Fader & Hardie, Excel note 004: -13887.7 at (1, 1, 1, 1)."""
    seen = cdnow().history
    value = bgnbd.log_likelihood((1, 1, 1, 1), seen.x, seen.t_x, seen.T).sum()
    assert value == pytest.approx(-13887.7126, abs=1e-3)


def test_pareto_cdnow_78_weeks() -> None:
    """BTYD's help for DERT: .5629966 12.5590370 .4081095 10.5148048."""
    fit = paretonbd.fit(cdnow(HOLDOUT_END).history)
    assert_fit(fit, (0.5630036, 12.559169, 0.4081072, 10.514541), -17135.8359, 5e-6)


def test_pareto_standard_errors() -> None:
    """CLVTools' tests: .0476264 .8427222 .1872594 6.2105448."""
    fit = paretonbd.fit(cdnow().history)
    np.testing.assert_allclose(fit.standard_errors, (0.0476264, 0.8427222, 0.1872594, 6.2105448), rtol=2e-4)


@pytest.mark.parametrize(
    ("end", "buyers", "parameters", "log_likelihood"),
    [
        # Fader & Hardie, note 025 (6.25 3.74 15.44); log-likelihood of CLVTools' tests
        pytest.param(None, 946, (6.24957, 3.74422, 15.44352), -4055.91769, id="39 weeks, note 025"),
        # Fader, Hardie & Lee 2005, RFM and CLV (population mean $36)
        pytest.param(HOLDOUT_END, 1139, (4.68345, 4.18978, 24.39055), None, id="78 weeks, RFM and CLV"),
    ],
)
def test_gamma_gamma_cdnow(
    end: int | None, buyers: int, parameters: tuple[float, ...], log_likelihood: float | None
) -> None:
    seen = cdnow() if end is None else cdnow(end)
    again = seen.history.x > 0
    assert again.sum() == buyers
    assert_fit(gammagamma.fit(seen.history.x[again], seen.spend[again]), parameters, log_likelihood, 3e-6)


def test_gamma_gamma_population_mean_78_weeks() -> None:
    """Fader, Hardie & Lee 2005, RFM and CLV: $36."""
    assert gammagamma.population_mean((4.68345, 4.18978, 24.39055)) == pytest.approx(35.81, abs=5e-3)


def test_bgbb_donations() -> None:
    """Fader, Hardie & Shang 2010 and the BTYD vignette: 1.204 .750 .657 2.783, -33225.58; 11,104 donors."""
    rows = table("donations.csv")
    fit = bgbb.fit(rows["frequency"], rows["recency"], rows["periods"], rows["weights"])
    assert fit.customers == 11104
    assert_fit(fit, (1.20352, 0.74972, 0.65672, 2.78344), -33225.58127, 1e-5)


@pytest.mark.parametrize(
    ("survivors", "parameters", "log_likelihood"),
    [
        # Fader & Hardie 2007 (.704 1.182)
        pytest.param(REGULAR, (0.704077, 1.182043), -1680.2652, id="Regular"),
        # Fader & Hardie 2007, appendix B (.668 3.806, -1611.2)
        pytest.param(HIGH_END, (0.668088, 3.806095), -1611.1581, id="High End"),
    ],
)
def test_sbg(survivors: tuple[int, ...], parameters: tuple[float, float], log_likelihood: float) -> None:
    assert_fit(sbg.fit(survivors), parameters, log_likelihood, 2e-6)


def test_sbg_retention_rises_as_published() -> None:
    """Fader & Hardie 2007: model retention of Regular, years 1 to 12, and its closeness to years 8 to 12."""
    rates = sbg.retention((0.704077, 1.182043), np.arange(1, 13))
    model = (0.627, 0.756, 0.819, 0.856, 0.880, 0.898, 0.911, 0.921, 0.929, 0.935, 0.941, 0.945)
    np.testing.assert_allclose(rates, model, atol=5e-4)
    np.testing.assert_allclose(rates[7:], (0.925, 0.928, 0.937, 0.943, 0.945), atol=5e-3)


def test_sbg_projects_high_end_retention() -> None:
    """Fader & Hardie 2007, appendix B: actual retention of years 8 to 12 lies within 1.5 points of the projection."""
    rates = sbg.retention((0.668088, 3.806095), np.arange(8, 13))
    np.testing.assert_allclose(rates, (0.953, 0.951, 0.960, 0.958, 0.963), atol=1.5e-2)
