"""First passage by matrices equals what simulated paths do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import ValidationFailed
from crm.value.markov import absorption
from crm.value.passage import passage

GAMBLER = np.array([[1, 0, 0, 0], [0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5], [0, 0, 0, 1]], dtype=np.float64)


def test_the_gamblers_ruin_is_as_in_the_books() -> None:
    found = passage(GAMBLER)
    assert found.reach[1] == pytest.approx([2 / 3, 1, 0.5, 1 / 3])
    assert found.periods[1, 0] == pytest.approx(5 / 3)
    assert found.periods[1, 3] == pytest.approx(8 / 3)
    assert np.isnan(found.periods[0, 3])


def simulated(matrix: np.ndarray, start: int, target: int, seed: int) -> tuple[float, float, float]:
    """Share of paths that come to the target within 2,000 steps, their mean time, and its standard error."""
    chance = np.random.default_rng(seed)
    state, steps = np.full(4_000, start), np.zeros(4_000)
    there = state == target
    sums = matrix.cumsum(axis=1)
    for _ in range(2_000):
        state = np.where(
            there, state, (chance.random(4_000)[:, None] > sums[state]).sum(axis=1).clip(max=len(matrix) - 1)
        )
        steps += ~there
        there |= state == target
    return float(there.mean()), float(steps[there].mean()), float(steps[there].std() / there.sum() ** 0.5)


@pytest.mark.parametrize("seed", range(4))
def test_passage_equals_simulation(seed: int) -> None:
    chance = np.random.default_rng(seed)
    matrix = chance.dirichlet(np.full(4, 0.8), size=4)
    matrix[3] = [0, 0, 0, 1]
    found = passage(matrix)
    share, mean, error = simulated(matrix, 0, 1, seed)
    assert found.reach[0, 1] == pytest.approx(share, abs=0.035)
    assert found.periods[0, 1] == pytest.approx(mean, abs=5 * error + 0.02)


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_passage_agrees_with_absorption(size: int, seed: int) -> None:
    matrix = np.random.default_rng(seed).dirichlet(np.ones(size), size=size)
    matrix[-1] = np.eye(size)[-1]
    found, known = passage(matrix), absorption(matrix, np.array([size - 1]))
    assert found.reach[:-1, -1] == pytest.approx(known.ends[:, 0])
    assert found.periods[:-1, -1] == pytest.approx(known.duration)


def test_rows_that_are_no_probabilities_are_refused() -> None:
    with pytest.raises(ValidationFailed, match="Row 0"):
        passage(np.ones((2, 2)))
