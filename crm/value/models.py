"""The purchase models by name, and the one way to fit any of them."""

from __future__ import annotations

from typing import Protocol

from numpy.typing import ArrayLike

from crm.errors import ValidationFailed
from crm.value import bgnbd, mbgnbd, paretonbd
from crm.value.arrays import Floats, Parameters
from crm.value.errors import FitRejected, InsufficientData
from crm.value.history import History
from crm.value.optimise import Fit

MOST = 200_000
"""So many customers determine a model as well as all of them."""
WARM_ABOVE = 20_000


class PurchaseModel(Protocol):
    """What a purchase model can tell; each is a module. Arrays x, t_x, T have shape (n,), `t` broadcasts."""

    NAMES: tuple[str, ...]

    def log_likelihood(self, p: Parameters, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats: ...
    def fit(self, history: History, counts: Floats | None = None, start: Floats | None = None) -> Fit: ...
    def p_alive(self, p: Parameters, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats: ...
    def purchases_if_alive(self, p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats: ...
    def square_if_alive(self, p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats: ...
    def survival_if_alive(self, p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats: ...
    def lifetime_if_alive(self, p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats: ...
    def purchase_within_if_alive(self, p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats: ...
    def residual_if_alive(self, p: Parameters, delta: float, x: ArrayLike, T: ArrayLike) -> Floats: ...
    def expected_new(self, p: Parameters, t: ArrayLike) -> Floats: ...
    def residual_new(self, p: Parameters, delta: float) -> float: ...


# In order of preference: the first wins a tie.
MODELS: dict[str, PurchaseModel] = {"PARETO_NBD": paretonbd, "MBG_NBD": mbgnbd, "BG_NBD": bgnbd}


def model(name: str) -> PurchaseModel:
    """The model called `name`; ValidationFailed lists the known names."""
    if name not in MODELS:
        raise ValidationFailed(f"Model {name!r} is unknown; use one of {', '.join(MODELS)}.", path=("model",))
    return MODELS[name]


def fit(name: str, history: History, *, most: int = MOST, need_repeaters: int = 10) -> Fit:
    """Fit the model called `name` on every k-th customer, at most `most` of them, once per distinct
    history.

    InsufficientData when fewer than `need_repeaters` customers ever came back; FitRejected as
    `optimise.maximise`.
    """
    repeaters = int((history.x > 0).sum())
    if repeaters < need_repeaters:
        raise InsufficientData("Customers who bought again", have=repeaters, need=need_repeaters)
    if history.T.max() <= 0:
        raise InsufficientData("Days observed after a first purchase", have=0, need=1)
    chosen = history.sample(most)
    table = chosen.triples
    start = _warm_start(name, chosen) if len(table.counts) > WARM_ABOVE else None
    return model(name).fit(History(*table.columns), table.counts, start)


def _warm_start(name: str, history: History) -> Floats | None:
    # A tenth of the customers leads close to the optimum at a tenth of the price per step, or to where there is none.
    try:
        return fit(name, history.sample(len(history) // 10), need_repeaters=1).parameters
    except FitRejected as refused:
        return refused.at
