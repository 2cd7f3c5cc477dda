"""What is to come of many customers, kept so small that equity under any change is summed in a moment.

A change acts on sums alone. Frequency, margin and cost to serve multiply what a purchase brings; a discount rate weighs
months; fewer or more who leave turn a month's purchases m into m e^(-(churn - 1) h), h being the hazard of leaving
until then. So it is enough to know, of each month, how spend, earnings and cost to serve are spread over h: here in
classes of `WIDTH`, each with the Taylor moments of h about its middle. Nothing is lost for the first four; what is left
out for churn is below (|churn - 1| WIDTH / 2)^TERMS / TERMS! of what the customers bring, 2e-11 at twice as many who
leave and 3e-5 at ten times as many. Many customers are first gathered at few times since they were won (`nodes`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np

from crm.value import models
from crm.value.arrays import Floats, Ints, Parameters, totals
from crm.value.assumptions import Assumptions
from crm.value.discount import Horizon
from crm.value.distinct import CHUNK, distinct
from crm.value.findings import Findings
from crm.value.models import PurchaseModel
from crm.value.nodes import COUNTS, Nodes, gathered, good
from crm.value.whatif import Change, hazards, monthly
from crm.value.worth import Worth

MEASURES = ("spend", "earned", "served")
LEANS = np.array([0.0, -1.0, 9.0])
"""What churn is multiplied by, less one: as it is, the least and the most."""
WIDTH = 0.1
TERMS = 6


@dataclass(frozen=True)
class Alike:
    """Customers put together who, once alive, have the same purchases to come; shape (n,) a column.

    kind: the place of the segment whose models describe them, -1 for those of all. x: repeat purchase days; observed:
    days since the first purchase. weights, shape (3, n): sums of P(alive) times what one purchase brings, by MEASURES,
    in the currency.
    """

    customers: int
    kind: Ints
    x: Floats
    observed: Floats
    weights: Floats


@dataclass(frozen=True)
class Outlook:
    """Undiscounted money of k classes of month and hazard.

    customers: how many it tells of. month: from 0, shape (k,). hazard: the middle of the class, shape (k,). moments:
    sums of money x (h - hazard)^j / j!, shape (3, TERMS, k), by MEASURES.
    """

    customers: int
    month: Ints
    hazard: Floats
    moments: Floats

    def under(self, change: Change, horizon: Horizon) -> tuple[float, float]:
        """Equity as it is, and under a change, in the currency; no I/O."""
        rate = horizon.annual_rate if change.discount_rate is None else change.discount_rate
        _, before, _ = self._sums(0.0, horizon)
        spend, earned, served = self._sums(change.churn - 1, replace(horizon, annual_rate=rate))
        after = earned + change.margin * spend - (change.cost_to_serve - 1) * served
        return before, change.frequency * after

    def _sums(self, lean: float, horizon: Horizon) -> tuple[float, float, float]:
        weights = horizon.factors[self.month] * np.exp(-lean * self.hazard)
        powers = (-lean) ** np.arange(self.moments.shape[1])
        spend, earned, served = (float(powers @ (measure @ weights)) for measure in self.moments)
        return spend, earned, served


def alike(worth: Worth, findings: Findings) -> Alike:
    """The buyers of a run, put together."""
    book, ahead, bought = worth.book, worth.forecast, worth.book.bought
    if ahead is None:
        return Alike(0, np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros((len(MEASURES), 0)))
    rows = book.buyers
    kind = findings.modelled(rows["cohort"].astype(np.int64))
    groups = distinct(
        kind.astype(np.float64), rows["purchases"] - 1.0, (book.end - rows["first_day"]).astype(np.float64)
    )
    revenue, serving = worth.facts.revenue[bought], worth.facts.serving[bought]
    spend = ahead.alive * ahead.per_purchase
    share = np.divide(serving, revenue, out=np.zeros(len(rows)), where=revenue != 0)
    brought = (spend, spend * worth.facts.contribution[bought], spend * share)
    weights = np.stack([totals(groups.index, each, len(groups.counts)) for each in brought])
    kinds, x, observed = groups.columns
    return Alike(len(rows), kinds.astype(np.int64), x, observed, weights)


def outlook(groups: Alike, assumed: Assumptions, findings: Findings) -> Outlook:
    """What is to come of customers put together, by the models that describe them."""
    horizon = assumed.clv_horizon
    parts: list[Floats] = []
    for kind in np.unique(groups.kind):
        own, here = findings.of(int(kind)), np.flatnonzero(groups.kind == kind)
        model = models.model(str(own.model))
        given = groups.x[here], groups.observed[here] / assumed.unit_days, groups.weights[:, here]
        x, T, weights = _fewer(model, own.parameters, horizon, *given)
        for start in range(0, len(x), CHUNK):
            some = slice(start, start + CHUNK)
            months, hazard = (f(model, own.parameters, horizon, x[some], T[some]) for f in (monthly, hazards))
            parts.append(_classes(months, hazard, weights[:, some]))
    whole = np.zeros((len(MEASURES), TERMS, len(horizon.ends), max((part.shape[-1] for part in parts), default=0)))
    for part in parts:
        whole[..., : part.shape[-1]] += part
    month, at = np.nonzero(np.any(whole != 0, axis=(0, 1)))
    return Outlook(groups.customers, month, _middle(at), whole[:, :, month, at])


def _fewer(
    model: PurchaseModel, p: Parameters, horizon: Horizon, x: Floats, T: Floats, weights: Floats
) -> tuple[Floats, Floats, Floats]:
    """The same money at few times, where they are many and the model is smooth enough; else as it is."""
    kinds = np.unique(x)
    scales = dict.fromkeys((float(p[1]), float(min(p[1], p[-1]))))  # of purchases, and of leaving where it has one
    for count, scale in product(COUNTS, scales):
        if 2 * count * len(kinds) > len(x):
            break
        nodes = Nodes(float(T.min()), float(T.max()), scale, count)
        if all(good(nodes, partial(_leaning, model, p, horizon, one)) for one in (kinds[0], kinds[-1])):
            return gathered(nodes, x, T, weights)
    return x, T, weights


def _leaning(model: PurchaseModel, p: Parameters, horizon: Horizon, x: float, T: Floats) -> Floats:
    """A month's purchases when as many leave as do, nobody, and ten times as many, shape (n, months, 3)."""
    months, hazard = (f(model, p, horizon, np.full(len(T), x), T) for f in (monthly, hazards))
    return np.asarray(months[..., None] * np.exp(-hazard[..., None] * LEANS))


def _classes(months: Floats, hazard: Floats, weights: Floats) -> Floats:
    """Moments of money by period and class, shape (3, TERMS, periods, classes); months, hazard: shape (n, periods)."""
    periods, at = months.shape[1], (hazard / WIDTH).astype(np.int64)
    classes = int(at.max()) + 1
    code = (np.arange(periods) * classes + at).ravel()
    off = hazard - _middle(at)
    found = np.empty((len(MEASURES), TERMS, periods, classes))
    term = months
    for power in range(TERMS):
        for measure, weight in enumerate(weights):
            sums = totals(code, (term * weight[:, None]).ravel(), periods * classes)
            found[measure, power] = sums.reshape(periods, classes)
        term = term * off / (power + 1)
    return found


def _middle(at: Ints) -> Floats:
    middle: Floats = (at.astype(np.float64) + 0.5) * WIDTH
    return middle
