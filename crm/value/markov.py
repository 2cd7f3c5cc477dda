"""Value and flow over states that customers move between: stages, recency cells, profitability cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, Ints


@dataclass(frozen=True)
class Transitions:
    """Moves between K states from one period end to the next.

    counts, probabilities, standard_errors: shape (K, K), rows are origins. observed: shape (K,), moves per
    origin.
    """

    counts: Ints
    probabilities: Floats
    standard_errors: Floats
    observed: Ints


def transitions(origin: Ints, target: Ints, states: int, *, prior: float = 0.0) -> Transitions:
    """Estimate P_ij = (n_ij + prior)/(n_i + K prior) with errors sqrt(P(1 - P)/n_i).

    origin, target: state numbers 0..K-1, shape (n,). A state that nobody left keeps probability 1 on itself
    when there is no prior, and has an infinite standard error (nothing was observed).
    """
    flat = np.bincount(origin * states + target, minlength=states * states)
    return estimated(flat.reshape(states, states).astype(np.int64), prior=prior)


def estimated(counts: Ints, *, prior: float = 0.0) -> Transitions:
    """`transitions`, of moves that are counted already: shape (K, K)."""
    observed = counts.sum(axis=1)
    weight = observed + prior * len(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        probabilities = np.where(weight[:, None] > 0, (counts + prior) / weight[:, None], np.eye(len(counts)))
        errors = np.sqrt(probabilities * (1 - probabilities) / observed[:, None])
    errors = np.where(observed[:, None] > 0, errors, np.inf)
    return Transitions(counts, probabilities, errors, observed)


def check_stochastic(matrix: Floats) -> None:
    """ValidationFailed, naming the row, unless every row holds probabilities that add up to 1."""
    wrong = (matrix < 0).any(axis=1) | (np.abs(matrix.sum(axis=1) - 1) > 1e-9)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValidationFailed(
            f"Row {row} of the transition matrix adds up to {matrix[row].sum():g}: give probabilities that add to 1.",
            path=("matrix", str(row)),
        )


def value(matrix: Floats, reward: Floats, rate: float, periods: int | None = None) -> Floats:
    """Expected present value by state, shape (K,) (Pfeifer & Carraway 2000).

    matrix: transition probabilities (K, K). reward: money per period in each state, (K,), the present
    period included. rate: discount rate per period. periods: how many further periods, None for no end,
    which needs rate > 0.
    """
    check_stochastic(matrix)
    discounted = matrix / (1 + rate)
    if periods is None:
        if rate <= 0:
            raise ValidationFailed(f"rate is {rate:g}: without an end it must be above 0.", path=("rate",))
        return np.asarray(np.linalg.solve(np.eye(len(matrix)) - discounted, reward), dtype=np.float64)
    total: Floats = np.array(reward, dtype=np.float64)
    term = total.copy()
    for _ in range(periods):
        term = discounted @ term
        total += term
    return total


@dataclass(frozen=True)
class Absorption:
    """Where paths end: for t transient and a absorbing states.

    stays: expected periods spent in each transient state by each start, (t, t). ends: P(ending in each
    absorbing state), (t, a). duration: expected periods until the end, (t,).
    """

    stays: Floats
    ends: Floats
    duration: Floats


def absorption(matrix: Floats, absorbing: Ints) -> Absorption:
    """Fundamental-matrix results for the states in `absorbing`; ValidationFailed if some state never
    reaches one.
    """
    check_stochastic(matrix)
    transient = np.setdiff1d(np.arange(len(matrix)), absorbing)
    within = matrix[np.ix_(transient, transient)]
    if np.abs(np.linalg.eigvals(within)).max(initial=0.0) >= 1 - 1e-12:
        raise ValidationFailed("Some states never lead to an absorbing one: check `absorbing`.", path=("absorbing",))
    stays = np.asarray(np.linalg.inv(np.eye(len(transient)) - within), dtype=np.float64)
    return Absorption(stays, stays @ matrix[np.ix_(transient, absorbing)], stays.sum(axis=1))


def mobility(matrix: Floats) -> float:
    """Mobility index (K - trace P)/(K - 1): 0 when nobody moves, 1 when the past does not matter."""
    size = len(matrix)
    return float((size - np.trace(matrix)) / (size - 1)) if size > 1 else 0.0


def chain(stay_or_buy: Floats) -> Floats:
    """The recency chain of Pfeifer & Carraway: buy with probability p_i and return to state 1, else fall
    one state.

    stay_or_buy: buying probability in recency states 1..K-1, shape (K - 1,); the last state is absorbing.
    Shape (K, K).
    """
    size = len(stay_or_buy) + 1
    matrix = np.zeros((size, size))
    matrix[:-1, 0] = stay_or_buy
    matrix[np.arange(size - 1), np.arange(1, size)] = 1 - stay_or_buy
    matrix[-1, -1] = 1
    return matrix
