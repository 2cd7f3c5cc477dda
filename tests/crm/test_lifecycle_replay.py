"""Reports on a simulated organisation of 3,000 customers equal a replay of its raw moves, by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from crm.demo.simulate import Parameters, load
from crm.lifecycle import bulk, default, store
from crm.lifecycle.reports import forecast, funnel, matrix, standing
from crm.lifecycle.reports.frame import Grain, Period, edges_of
from models import Stage, StageOutcome
from tests.crm.lifecycle_replay import (
    Rows,
    Visits,
    followed,
    histories,
    moves_between,
    quantile,
    seconds_in,
    shares,
    survived,
)
from tests.factories import NOW, OWNER

END = datetime(2026, 7, 1, tzinfo=UTC)
YEAR = Period(datetime(2025, 5, 10, tzinfo=UTC), datetime(2026, 5, 10, tzinfo=UTC))
ENTERED = Period(datetime(2023, 1, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
MOVES = [("lost", 'stage in ("repeat_buyer", "first_time_buyer")', 160), ("partner", 'stage = "client"', 40)]
MOVES += [("prospect", 'stage = "lost"', 25)]
DAY = timedelta(days=1)


@pytest.fixture
async def ways(fresh_db: str) -> list[Visits]:
    """A simulated organisation of which, four times a year, some are lost, come back, or become partners."""
    await default.install(OWNER)
    await load(OWNER, Parameters(3_000), 5, now=NOW)
    for number in range(12):
        at = END - timedelta(days=91) * (12 - number)
        for to, rule, most in MOVES:
            await bulk.move_many(OWNER, to=to, rule=rule, now=at, limit=most, reason="So it was")
    return await histories()


async def test_reports_equal_a_replay_of_the_raw_moves(ways: list[Visits]) -> None:
    path = await store.lifecycle_by_key(None)
    stages = await store.stages_of(path.id)
    assert sum(len(way) for way in ways) > 8_000
    await matrix_and_forecast(ways, stages)
    await funnels(ways, stages)
    await dwelling(ways, stages)


async def matrix_and_forecast(ways: list[Visits], stages: list[Stage]) -> None:
    keys = [stage.key for stage in stages]
    found = await forecast.forecast(OWNER, period=YEAR, grain=Grain.MONTH)
    counts = moves_between(ways, edges_of(YEAR, Grain.MONTH, "UTC"))
    assert matrix.plain_matrix(found.matrix)["counts"] == [
        (a, b, counts[a, b]) for a in keys for b in keys if counts[a, b]
    ]
    rows = shares(counts, keys)
    for i, start in enumerate(keys):
        total = sum(counts[start, end] for end in keys)
        assert found.observed[start] == total
        for j, end in enumerate(keys):
            share = rows[start][end]
            assert found.matrix.probabilities[i, j] == pytest.approx(share)
            error = math.sqrt(share * (1 - share) / total) if total else math.inf
            assert found.matrix.standard_errors[i, j] == pytest.approx(error)
    for way in found.ways:
        hits = followed(rows, way.start, {way.end})
        assert way.probability == pytest.approx(hits.chance[way.end], abs=1e-6), way
        if way.steps is not None:
            assert way.steps == pytest.approx(hits.steps, rel=1e-4), way
    where_paths_end(found, rows, {stage.key for stage in stages if stage.outcome in ("WON", "LOST")})
    resting = {"partner", "lost", "dormant", "advocate"}
    found = await forecast.forecast(OWNER, period=YEAR, grain=Grain.MONTH, final=sorted(resting))
    where_paths_end(found, rows, resting)
    assert any(end.steps for end in found.ends)


def where_paths_end(found: forecast.Forecast, rows: Rows, final: set[str]) -> None:
    assert {end.start for end in found.ends} == set(rows) - final
    for end in found.ends:
        hits = followed(rows, end.start, final)
        assert end.ends == pytest.approx(hits.chance, abs=1e-6)
        assert end.undecided == pytest.approx(1 - sum(hits.chance.values()), abs=1e-6)
        if end.steps is not None:
            assert end.steps == pytest.approx(hits.steps, rel=1e-4)


async def funnels(ways: list[Visits], stages: list[Stage]) -> None:
    rank = {s.key: s.position for s in stages if s.outcome in (StageOutcome.OPEN, StageOutcome.WON)}
    lost = {stage.key for stage in stages if stage.outcome is StageOutcome.LOST}
    cohort = [way for way in ways if ENTERED.since <= way[0][1] < ENTERED.until]
    for step in await funnel.funnel(OWNER, entered=ENTERED):
        inside = [way for way in cohort if any(key == step.stage for key, _ in way)]
        on = [way for way in inside if went_on(way, step.stage, rank)]
        gone = [way for way in inside if any(a[0] == step.stage and b[0] in lost for a, b in pairwise(way))]
        times = [seconds for way in inside if (seconds := seconds_in(way, step.stage)) is not None]
        assert (step.size, step.entered, step.went_on, step.lost) == (len(cohort), len(inside), len(on), len(gone))
        assert step.rate == (len(on) / len(inside) if inside else None)
        assert step.median_seconds == pytest.approx(quantile(times, 0.5)), step
        assert step.p90_seconds == pytest.approx(quantile(times, 0.9)), step


def went_on(way: Visits, stage: str, rank: dict[str, int]) -> bool:
    first = next(number for number, (key, _) in enumerate(way) if key == stage)
    return any(rank.get(key, 0) > rank.get(stage, 0) for key, _ in way[first + 1 :])


async def dwelling(ways: list[Visits], stages: list[Stage]) -> None:
    for row, stage in zip(await standing.waiting(OWNER, period=YEAR, now=END), stages, strict=True):
        here = [way[-1][1] for way in ways if way[-1][0] == stage.key]
        stays = [
            (math.ceil(((after[1] if after else END) - at) / DAY), after is not None)
            for way in ways
            for (key, at), after in zip(way, [*way[1:], None], strict=True)
            if key == stage.key and YEAR.since <= at < YEAR.until
        ]
        ended = [days for days, over in stays if over]
        assert (row.stage, row.standing, row.began, row.ended) == (stage.key, len(here), len(stays), len(ended))
        assert row.waited_days == pytest.approx(sum((END - at) / DAY for at in here))
        assert (row.median_days, row.p90_days) == (survived(stays, 0.5), survived(stays, 0.1)), stage.key
        if stage.target_days is not None:
            assert row.breaches == sum(days > stage.target_days for days in ended)
            assert row.over_target == sum((END - at) / DAY > stage.target_days for at in here)
