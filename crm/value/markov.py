"""Value and flow over states that customers move between: stages, recency cells, profitability cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, Ints, floats, refuse


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
    for name, column in (("origin", origin), ("target", target)):
        refuse(name, column.astype(np.float64), (column < 0) | (column >= states), f"states are 0 to {states - 1}")
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


def stochastic(given: ArrayLike) -> Floats:
    """The transition matrix as an array, (K, K); ValidationFailed unless each row holds probabilities that add to 1."""
    matrix = floats("matrix", given)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValidationFailed(f"matrix has the shape {matrix.shape}: give as many columns as rows.", path=("matrix",))
    wrong = (matrix < 0).any(axis=1) | (np.abs(matrix.sum(axis=1) - 1) > 1e-9)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValidationFailed(
            f"Row {row} of the transition matrix adds up to {matrix[row].sum():g}: give probabilities that add to 1.",
            path=("matrix", str(row)),
        )
    return matrix


def value(matrix: ArrayLike, reward: ArrayLike, rate: float, periods: int | None = None) -> Floats:
    """Expected present value by state, shape (K,) (Pfeifer & Carraway 2000).

    matrix: transition probabilities (K, K). reward: money per period in each state, (K,), the present
    period included. rate: discount rate per period. periods: how many further periods, None for no end,
    which needs rate > 0.
    """
    matrix, reward = stochastic(matrix), floats("reward", reward)
    if reward.shape != matrix.shape[:1]:
        raise ValidationFailed(f"reward has {len(reward)} values: give one for each state.", path=("reward",))
    if not rate > -1:
        raise ValidationFailed(f"rate is {rate:g}: it must be above -1.", path=("rate",))
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


def absorption(matrix: ArrayLike, absorbing: ArrayLike) -> Absorption:
    """Fundamental-matrix results for the states in `absorbing`; ValidationFailed if some state never
    reaches one.
    """
    matrix, absorbing = stochastic(matrix), np.atleast_1d(np.asarray(absorbing, dtype=np.int64))
    if len(absorbing) and not 0 <= absorbing.min() <= absorbing.max() < len(matrix):
        raise ValidationFailed(f"absorbing must number states from 0 to {len(matrix) - 1}.", path=("absorbing",))
    transient = np.setdiff1d(np.arange(len(matrix)), absorbing)
    within = matrix[np.ix_(transient, transient)]
    if np.abs(np.linalg.eigvals(within)).max(initial=0.0) >= 1 - 1e-12:
        raise ValidationFailed("Some states never lead to an absorbing one: check `absorbing`.", path=("absorbing",))
    stays = np.asarray(np.linalg.inv(np.eye(len(transient)) - within), dtype=np.float64)
    return Absorption(stays, stays @ matrix[np.ix_(transient, absorbing)], stays.sum(axis=1))


def mobility(matrix: ArrayLike) -> float:
    """Mobility index (K - trace P)/(K - 1): 0 when nobody moves, 1 when the past does not matter."""
    matrix = stochastic(matrix)
    size = len(matrix)
    return float((size - np.trace(matrix)) / (size - 1)) if size > 1 else 0.0


def chain(buying: ArrayLike) -> Floats:
    """The recency chain of Pfeifer & Carraway, shape (K, K): buy and return to state 1, else fall one state.

    buying: the probability to buy in recency states 1..K-1, shape (K - 1,); the last state is absorbing.
    """
    chances = floats("buying", buying)
    refuse("buying", chances, (chances < 0) | (chances > 1), "a probability lies between 0 and 1")
    size = len(chances) + 1
    matrix = np.zeros((size, size))
    matrix[:-1, 0] = chances
    matrix[np.arange(size - 1), np.arange(1, size)] = 1 - chances
    matrix[-1, -1] = 1
    return matrix
