"""The value maths of `crm/value` beside the package `lifetimes`, on the same histories."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bench.harness import show
from crm.value import models, purchases
from crm.value.discount import Horizon
from crm.value.history import History

DAYS = 1096
RIVALS = {"BG_NBD": "BetaGeoFitter", "PARETO_NBD": "ParetoNBDFitter"}


def beside_lifetimes(size: int) -> None:
    """Fit and predict a year for everybody, here and by `lifetimes`, on the same histories."""
    try:
        rivals = import_module("lifetimes")
    except ImportError as error:
        print(f"lifetimes is not at hand ({error}); it needs pandas, autograd and dill")  # noqa: T201
        return
    history, rows = simulated_history(size), []
    with threadpool_limits(1, user_api="blas"):
        for name, rival in RIVALS.items():
            rows += compared(name, getattr(rivals, rival)(), history, rivals.utils._customer_lifetime_value)
    show(f"Fit and score of {size:,} customers, seconds", ["", "here", "lifetimes", "times"], rows)


def compared(name: str, theirs: Any, history: History, lifetime_value: Any) -> list[tuple[str, str, str, str]]:
    """Fit, and three years of discounted months for everybody, of both; and what they found: none stopped early."""
    here, fitted = timed(lambda: models.fit(name, history))
    there, _ = timed(lambda: theirs.fit(history.x, history.t_x, history.T))
    pandas = import_module("pandas")
    given = [pandas.Series(column) for column in (history.x, history.t_x, history.T, np.ones(len(history)))]
    fresh = History(history.x, history.t_x, history.T)  # without what the fit remembered of it
    horizon = Horizon(annual_rate=1.01**12 - 1, units_per_year=365 / 7, periods=36, timing="END")
    scored, ours = timed(lambda: purchases.discounted_purchases(models.model(name), fitted.parameters, fresh, horizon))
    rescored, other = timed(lambda: lifetime_value(theirs, *given, time=36, discount_rate=0.01, freq="W"))
    whole, beside = here + scored, there + rescored
    return [
        (f"{name} fit", f"{here:.3f}", f"{there:.3f}", f"{there / here:.1f}"),
        (f"{name} CLV", f"{scored:.3f}", f"{rescored:.3f}", f"{rescored / scored:.1f}"),
        (f"{name} fit and CLV", f"{whole:.3f}", f"{beside:.3f}", f"{beside / whole:.1f}"),
        (f"{name} purchases, discounted", f"{ours.sum():,.0f}", f"{np.nansum(other):,.0f}", ""),
    ]


def simulated_history(size: int) -> History:
    """Three years of customers as Pareto/NBD has them, in weeks, purchases counted by day."""
    rng = np.random.default_rng(1)
    T = rng.integers(7, DAYS, size) / 7
    rate, leaving = rng.gamma(0.6, 1 / 10, size), rng.gamma(0.6, 1 / 12, size)
    stay = np.minimum(rng.exponential(1 / np.maximum(leaving, 1e-9)), T)
    x = rng.poisson(rate * stay).astype(np.float64)
    last = np.rint(rng.uniform(0, 1, size) ** (1 / np.maximum(x, 1)) * stay * 7) / 7
    x = np.where(last > 0, np.minimum(x, last * 7), 0.0)
    return History.of(x, np.where(x > 0, np.minimum(last, T), 0.0), T)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result
