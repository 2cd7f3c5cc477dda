"""Where customers will go: probability of and time to each stage, and where they end (absorbing Markov chain)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crm.access import Actor
from crm.errors import ValidationFailed
from crm.lifecycle.guards import Rule
from crm.lifecycle.reports.frame import Grain, Period
from crm.lifecycle.reports.matrix import Matrix, matrix
from crm.value.markov import absorption
from crm.value.passage import passage
from models import StageOutcome


@dataclass(frozen=True, slots=True)
class Way:
    """From a stage to another: the probability of ever coming there, and the expected steps of those who do."""

    start: str
    end: str
    probability: float
    steps: float | None


@dataclass(frozen=True, slots=True)
class End:
    """From a stage: the probability of ending in each final stage, and the expected steps until then.

    `undecided` is the share of paths that, as far as was seen, never end; with one there are no steps.
    """

    start: str
    ends: dict[str, float]
    undecided: float
    steps: float | None


@dataclass(frozen=True)
class Forecast:
    """`observed` says on how many observations each stage's row rests; below 30 it is hardly a forecast."""

    matrix: Matrix
    ways: list[Way]
    ends: list[End]
    observed: dict[str, int]


async def forecast(
    actor: Actor,
    *,
    period: Period,
    grain: Grain = Grain.MONTH,
    lifecycle: str | None = None,
    final: Sequence[str] | None = None,
    where: Rule | None = None,
    prior: float = 0.0,
) -> Forecast:
    """Expect the moves of a period to go on. Steps are of the grain.

    `final` names the stages that end a path; without it those with the outcome WON or LOST. It assumes that what
    comes depends on the stage alone, not on the time spent in it. Raises what `matrix` raises.
    """
    found = await matrix(actor, period=period, lifecycle=lifecycle, grain=grain, where=where, prior=prior)
    return forecast_of(found, final)


def forecast_of(found: Matrix, final: Sequence[str] | None) -> Forecast:
    """The forecast that a matrix gives."""
    keys = found.keys
    for key in final or ():
        if key not in keys:
            raise ValidationFailed(f"There is no stage '{key[:60]}'; there are: {', '.join(keys)}.", path=("final",))
    ending = {stage.key for stage in found.stages if stage.outcome in (StageOutcome.WON, StageOutcome.LOST)}
    chosen = ending if final is None else set(final)
    reached = passage(found.probabilities)
    ways = [
        Way(start, end, float(reached.reach[i, j]), _known(float(reached.periods[i, j])))
        for i, start in enumerate(keys)
        for j, end in enumerate(keys)
        if i != j
    ]
    observed = {key: int(count) for key, count in zip(keys, found.observed, strict=True)}
    return Forecast(found, ways, _ends(found, [i for i, key in enumerate(keys) if key in chosen]), observed)


def _ends(found: Matrix, final: list[int]) -> list[End]:
    """Paths with their final stages made absorbing; stages from which some paths never end are told apart."""
    matrix = found.probabilities.copy()
    matrix[final] = np.eye(len(matrix))[final]
    chance = passage(matrix).reach
    others = [i for i in range(len(matrix)) if i not in final]
    never = {i: max(0.0, 1.0 - float(chance[i, final].sum())) for i in others}
    sure = [i for i in others if never[i] < 1e-9]
    time = _durations(matrix, sure, final)
    return [
        End(
            found.keys[i],
            {found.keys[j]: float(chance[i, j]) for j in final},
            never[i] if i not in time else 0.0,
            time.get(i),
        )
        for i in others
    ]


def _durations(matrix: np.ndarray, sure: list[int], final: list[int]) -> dict[int, float]:
    """Expected steps from the stages whose paths all end; these lead only to each other and to final ones."""
    if not sure:
        return {}
    kept = np.array([*sure, *final])
    within = matrix[np.ix_(kept, kept)]
    found = absorption(within / within.sum(axis=1, keepdims=True), np.arange(len(sure), len(kept)))
    return {i: float(steps) for i, steps in zip(sure, found.duration, strict=True)}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
