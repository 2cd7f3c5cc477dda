"""The search for a maximum: it says where it ended, and does not go on for ever where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from crm.value import models, optimise
from crm.value.arrays import Floats
from crm.value.errors import FitRejected
from tests.unit.value.data import cdnow


def rising(parameters: Floats) -> tuple[float, Floats]:
    """A likelihood that rises towards the edge: there is no maximum."""
    return float(-100 / parameters[0]), 100 / parameters**2


def searched(monkeypatch: Any) -> list[Floats]:
    """The starts of the searches that are made from now on."""
    starts: list[Floats] = []
    search = optimise._Problem.search

    def noted(self: Any, first: Floats) -> Floats | None:
        starts.append(first)
        return search(self, first)

    monkeypatch.setattr(optimise._Problem, "search", noted)
    return starts


def test_two_searches_that_end_at_the_same_height_are_believed(monkeypatch: Any) -> None:
    starts = searched(monkeypatch)
    with pytest.raises(FitRejected, match="Parameter a ran to 1e.04") as refused:
        optimise.maximise(rising, ("a",), 100)
    assert len(starts) == 2
    assert refused.value.at == pytest.approx(optimise.LARGEST, rel=2e-3)


def test_where_a_search_ended_is_told_in_the_units_of_the_data(monkeypatch: Any) -> None:
    with pytest.raises(FitRejected) as refused:
        optimise.maximise(rising, ("a",), 100, units=np.array([10.0]))
    assert refused.value.at == pytest.approx(optimise.LARGEST / 10, rel=2e-3)


@pytest.mark.parametrize("name", list(models.MODELS))
def test_who_starts_at_the_maximum_ends_there_in_fewer_steps(name: str) -> None:
    history = cdnow().history
    first = models.MODELS[name].fit(history)
    again = models.MODELS[name].fit(history, start=first.parameters)
    np.testing.assert_allclose(again.parameters, first.parameters, rtol=1e-6)
    assert again.log_likelihood == pytest.approx(first.log_likelihood, abs=1e-6)
    assert again.evaluations < first.evaluations


def test_a_start_at_the_bounds_finds_the_way_back() -> None:
    history = cdnow().history
    far = np.array([0.24, 4.4, 1e4, 1e4])
    found = models.MODELS["BG_NBD"].fit(history, start=far)
    np.testing.assert_allclose(found.parameters, (0.2425945, 4.4136019, 0.7929221, 2.4259071), rtol=1e-4)


def test_a_large_sample_without_a_maximum_is_refused_after_two_searches_of_all_of_it(monkeypatch: Any) -> None:
    """What a tenth came to is where the whole begins; before, each came to it three times."""
    starts = searched(monkeypatch)
    monkeypatch.setattr(models, "WARM_ABOVE", 200)
    rng = np.random.default_rng(2)
    T = rng.uniform(5, 150, 1200)
    x = rng.poisson(T / 10)
    last = np.where(x > 0, T * rng.beta(np.maximum(x, 1), 1), 0.0)
    with pytest.raises(FitRejected):
        models.fit("BG_NBD", models.History.of(x, last, T))
    assert len(starts) == 4
