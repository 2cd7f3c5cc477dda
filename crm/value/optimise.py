"""Maximum likelihood over positive parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from crm.value.arrays import Floats
from crm.value.errors import FitRejected

Objective = Callable[[Floats], tuple[float, Floats]]

SMALLEST, LARGEST = 1e-4, 1e4
STARTS = (0.0, -1.0, 1.0)
# Starts are kept that far within the bounds: who begins at one does not see that the way leads back.
INSIDE = 1.0
# Searches that end so close in mean log-likelihood came to the same end.
ALIKE = 1e-5
# Standard errors of log-parameters: above the first a parameter is shown as weak, above the second nothing is
# known.
WEAK, UNKNOWN = 1.0, 20.0
# A Newton step that long says that the likelihood keeps rising towards the edge.
STEEP = 0.5


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    parameters: shape (k,), positive, in the units of the data. covariance: shape (k, k), of the LOGARITHMS
    of the parameters (inverse observed information), and so free of units. customers: how many the
    likelihood summed over.
    """

    names: tuple[str, ...]
    parameters: Floats
    log_likelihood: float
    covariance: Floats
    customers: int
    evaluations: int

    @property
    def standard_errors(self) -> Floats:
        """Standard errors of the parameters, shape (k,), by the delta method from the log scale."""
        return self.parameters * np.sqrt(np.diag(self.covariance))

    @property
    def weak(self) -> tuple[str, ...]:
        """Parameters known only to within a factor of e or worse: a warning, not an error."""
        spread = np.sqrt(np.diag(self.covariance))
        return tuple(name for name, error in zip(self.names, spread, strict=True) if error > WEAK)

    def in_units(self, scale: Floats, log_likelihood_shift: float) -> Fit:
        """The same fit after each parameter is multiplied by `scale` and the data are put back in their own units."""
        return Fit(
            self.names,
            self.parameters * scale,
            self.log_likelihood + log_likelihood_shift,
            self.covariance,
            self.customers,
            self.evaluations,
        )


def maximise(
    objective: Objective,
    names: tuple[str, ...],
    customers: int,
    *,
    start: Floats | None = None,
    units: Floats | None = None,
    shift: float = 0.0,
) -> Fit:
    """Maximise a log-likelihood over positive parameters of order one.

    `objective(parameters)` returns the summed log-likelihood and its gradient, shape (k,). The search runs
    over logarithms with L-BFGS-B from zeros (or from `start`), then takes one Newton step with the differenced
    gradient, whose inverse is the covariance. units: what the parameters of the data are multiplied by to be those
    of `objective`, shape (k,); `start` and the fit are in those of the data, and `shift` is added to its likelihood.

    FitRejected when it does not converge or when a parameter leaves [1e-4, 1e4] or the likelihood is flat along it:
    the data do not determine it, and the message says which. Two searches that end at the same height are believed.
    """
    problem = _Problem(objective, max(customers, 1))
    units = np.ones(len(names)) if units is None else units
    refused: list[tuple[float, FitRejected]] = []
    for first in _starts(len(names), None if start is None else start * units):
        found = problem.search(first)
        reason = _unusable(names, found)
        if found is not None and reason is None:
            fit, step = problem.polished(names, found, customers)
            reason = _undetermined(fit, step)
            if reason is None:
                return fit.in_units(1 / units, shift)
        if reason is not None:
            reason.at = None if found is None else np.exp(found) / units
            height = np.nan if found is None else problem(found)[0]
            refused.append((height, reason))
            if any(abs(height - other) < ALIKE for other, _ in refused[:-1]):
                break
    raise refused[0][1]


def _starts(count: int, start: Floats | None) -> list[Floats]:
    """Logarithms to search from, `start` first."""
    starts = [np.full(count, value) for value in STARTS]
    furthest = np.log(LARGEST) - INSIDE
    return starts if start is None else [np.clip(np.log(start), -furthest, furthest), *starts]


def _unusable(names: tuple[str, ...], at: Floats | None) -> FitRejected | None:
    if at is None:
        return FitRejected(
            "The likelihood has no maximum that the search could reach; collect more repeat purchases.",
            cause="NO_MAXIMUM",
            path=names,
        )
    for name, value in zip(names, np.exp(at), strict=True):
        if not SMALLEST < value < LARGEST:
            return FitRejected(
                f"Parameter {name} ran to {value:.3g} (rescaled data), outside {SMALLEST:g} to {LARGEST:g}: "
                "the data do not determine it; use another model or more customers.",
                cause="AT_BOUND",
                path=names,
                parameter=name,
                value=float(value),
            )
    return None


def _undetermined(fit: Fit, step: Floats) -> FitRejected | None:
    spread = np.sqrt(np.diag(fit.covariance))
    worst = int(np.argmax(np.maximum(spread / UNKNOWN, np.abs(step) / STEEP)))
    if spread[worst] <= UNKNOWN and abs(step[worst]) <= STEEP:
        return None
    return FitRejected(
        f"The data do not determine {fit.names[worst]}: customers differ too little, or too few have left.",
        cause="UNDETERMINED",
        path=fit.names,
        parameter=fit.names[worst],
    )


class _Problem:
    """The mean negative log-likelihood over log-parameters, counting its evaluations."""

    def __init__(self, objective: Objective, scale: float) -> None:
        self.objective, self.scale, self.evaluations = objective, scale, 0

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        self.evaluations += 1
        parameters = np.exp(logs)
        value, gradient = self.objective(parameters)
        return -value / self.scale, -gradient * parameters / self.scale

    def search(self, first: Floats) -> Floats | None:
        edge = np.log(LARGEST) + 1e-3
        found = minimize(
            self,
            first,
            jac=True,
            method="L-BFGS-B",
            bounds=[(-edge, edge)] * len(first),
            options={"maxiter": 300, "ftol": 1e-11, "gtol": 1e-6},
        )
        at: Floats = found.x
        slope = np.abs(found.jac[np.abs(at) < edge - 1e-9])
        settled = bool(found.success) or float(slope.max(initial=0.0)) < 1e-4
        return at if settled and np.isfinite(found.fun) else None

    def polished(self, names: tuple[str, ...], at: Floats, customers: int) -> tuple[Fit, Floats]:
        hessian = self.hessian(at)
        value, gradient = self(at)
        covariance = _inverse(hessian)
        step = np.clip(-covariance @ gradient, -1, 1)
        better = at + step
        improved = self(better)[0]
        if np.isfinite(improved) and improved <= value:
            at, value = better, improved
        log_likelihood = -value * self.scale
        fit = Fit(names, np.exp(at), log_likelihood, covariance / self.scale, customers, self.evaluations)
        return fit, step

    def hessian(self, at: Floats, step: float = 1e-4) -> Floats:
        rows = [(self(at + move)[1] - self(at - move)[1]) / (2 * step) for move in np.eye(len(at)) * step]
        matrix = np.array(rows)
        return (matrix + matrix.T) / 2


def _inverse(hessian: Floats) -> Floats:
    # A direction without curvature is not identified: it gets a huge variance, the others keep theirs.
    values, vectors = np.linalg.eigh(hessian)
    curvature = np.maximum(values, max(float(values.max()), 1e-300) * 1e-12)
    inverse: Floats = (vectors / curvature) @ vectors.T
    return inverse


def differenced(log_likelihood: Callable[[Floats], float], step: float = 1e-6) -> Objective:
    """An objective with a central-difference gradient, for models whose distinct inputs are few."""

    def objective(parameters: Floats) -> tuple[float, Floats]:
        moves = np.diag(parameters * step)
        slopes = [
            (log_likelihood(parameters + move) - log_likelihood(parameters - move)) / (2 * move.sum()) for move in moves
        ]
        return log_likelihood(parameters), np.array(slopes)

    return objective
