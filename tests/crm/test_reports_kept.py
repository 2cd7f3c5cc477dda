"""Reports over much history are kept: told at once, with their age, and worked out again by one at a time."""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from crm.access import Scope
from crm.database import execute, fetch_value
from crm.errors import Forbidden
from crm.lifecycle.reports.cohorts import Basis
from crm.lifecycle.reports.frame import Grain, Group
from crm.lifecycle.reports.matrix import Matrix
from crm.reports import kept
from crm.reports.question import Question, Report, question_of, usual, usual_days, usual_of_contact, work
from models import Customer, InteractionKind, KeptReport, RatingKind
from tests import factories
from tests.crm import lifecycle_world as world
from tests.crm.intimacy_world import called, rated, worth
from tests.crm.test_followups import staff
from tests.factories import NOW, OWNER

FUNNEL = Question(Report.FUNNEL, "small", group=Group.COUNTRY)
QUESTIONS = [
    *usual("small"),
    FUNNEL,
    Question(Report.FUNNEL, "small", date(2025, 1, 1), date(2026, 6, 1), grain=Grain.QUARTER),
    Question(Report.RETENTION, "small", grain=Grain.YEAR, basis=Basis.STAGE),
    Question(Report.CHURN, "small", group=Group.OWNER),
    Question(Report.SCORES, grain=Grain.MONTH),
    Question(Report.SCORES, by="CHANNEL"),
    Question(Report.DRIVERS, by="CSAT"),
    Question(Report.COMPLAINTS, by="STAGE"),
    Question(Report.EXPOSURE),
    Question(Report.QUALITY, by="OWNER"),
]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any history at all counts as much."""
    monkeypatch.setattr(kept, "LARGE", -2)


@pytest.fixture
async def moves(db: str) -> None:
    chance = random.Random(5)
    walks = [world.walk(chance, NOW - timedelta(days=300), NOW) for _ in range(30)]
    await world.populate(await world.lifecycle(), walks, country=[chance.choice(["IR", "DE"]) for _ in walks])


async def keep_all(at: Any = NOW) -> int:
    done = 0
    while await kept.keep(at):
        done += 1
    return done


def same(one: Any, other: Any) -> bool:
    if isinstance(one, Matrix):
        return (one.keys, one.ends, one.counts.tolist()) == (other.keys, other.ends, other.counts.tolist())
    return bool(one == other)


async def test_over_few_moves_figures_are_of_this_moment_and_nothing_is_kept(moves: None) -> None:
    answer = await kept.ask(OWNER, FUNNEL, now=NOW)
    assert (answer.found, answer.worked_at) == (await work(OWNER, FUNNEL, NOW), None)
    assert (await kept.keep(NOW), await KeptReport.all().count()) == (False, 0)


async def test_over_many_the_first_to_ask_waits_and_the_next_has_the_figures(moves: None, large: None) -> None:
    first = await kept.ask(OWNER, FUNNEL, now=NOW)
    assert (first.found, first.renewing) == (None, True)
    await keep_all()
    then = await kept.ask(OWNER, FUNNEL, now=NOW + timedelta(minutes=3))
    assert (then.found, then.worked_at, then.renewing) == (await work(OWNER, FUNNEL, NOW), NOW, False)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: "-".join(each.plain().values()))
async def test_what_is_kept_says_what_the_report_itself_says(moves: None, large: None, question: Question) -> None:
    await rated(RatingKind.NPS, 9, 3, 10)
    await called(await Customer.all().first(), await staff("carol"), 3, kind=InteractionKind.COMPLAINT)
    await worth()
    await kept.ask(OWNER, question, now=NOW)
    await keep_all()
    assert question_of(question.plain()) == question
    assert same((await kept.ask(OWNER, question, now=NOW)).found, await work(OWNER, question, NOW))


async def test_the_usual_reports_are_ready_before_anybody_asks(moves: None, large: None) -> None:
    await keep_all()
    answers = [await kept.ask(OWNER, question, now=NOW) for question in [*usual("small"), *usual_of_contact()]]
    assert [answer.worked_at for answer in answers] == [NOW] * len(answers)


async def test_figures_are_worked_out_again_when_something_happened_and_they_are_not_young(
    moves: None, large: None
) -> None:
    await keep_all()
    await execute("DELETE FROM event")
    await execute("UPDATE kept_report SET tried_at = now() - interval '1 hour', asked_at = now()")
    now = await fetch_value("SELECT now()")
    assert await keep_all(now) == 0
    await factories.customer("Late")
    assert await keep_all(now) == len([*usual("small"), *usual_of_contact()])
    await factories.customer("Later")
    assert await keep_all(now + timedelta(minutes=1)) == 0


async def test_reports_on_touchpoints_that_nobody_looks_at_are_renewed_four_times_a_day(
    moves: None, large: None
) -> None:
    await keep_all()
    await factories.customer("Late")
    renewed = [await keep_all(NOW + timedelta(hours=hours)) for hours in (5, 7)]
    assert renewed == [len(usual("small")), len(usual("small")) + len(usual_of_contact())]


async def test_who_looks_at_figures_of_long_ago_asks_for_newer_ones(moves: None, large: None) -> None:
    await kept.ask(OWNER, FUNNEL, now=NOW)
    await keep_all()
    looks = [await kept.ask(OWNER, FUNNEL, now=NOW + timedelta(minutes=minutes)) for minutes in (50, 70)]
    assert [look.renewing for look in looks] == [False, True]
    assert looks[-1].found is not None


async def test_newer_figures_are_worked_out_for_whoever_wants_them(moves: None, large: None) -> None:
    await kept.ask(OWNER, FUNNEL, now=NOW)
    await keep_all()
    later = NOW + timedelta(seconds=10)
    wanted = await kept.ask(OWNER, FUNNEL, now=later, renew=True)
    assert (wanted.worked_at, wanted.renewing, wanted.found is None) == (NOW, True, False)
    assert await keep_all(later) == 1
    assert (await kept.ask(OWNER, FUNNEL, now=later)).worked_at == later


async def test_who_sees_other_customers_has_figures_of_its_own(moves: None, large: None) -> None:
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "IR"}})
    for actor in (OWNER, partner):
        await kept.ask(actor, FUNNEL, now=NOW)
    await keep_all()
    found = (await kept.ask(partner, FUNNEL, now=NOW)).found
    assert {step.group for step in found} == {"IR"}
    assert {step.group for step in (await kept.ask(OWNER, FUNNEL, now=NOW)).found} == {"DE", "IR"}


async def test_one_report_is_worked_out_at_a_time(moves: None, large: None) -> None:
    await kept.ask(OWNER, FUNNEL, now=NOW)
    await KeptReport.all().update(claimed_until=NOW + timedelta(minutes=1))
    assert await kept.keep(NOW) is False
    assert await kept.keep(NOW + timedelta(minutes=2)) is True


async def test_a_report_that_fails_says_why_and_keeps_its_last_figures(moves: None, large: None) -> None:
    gone = Question(Report.CHURN, "gone", group=Group.STAGE)
    await kept.ask(OWNER, gone, now=NOW)
    await keep_all()
    answer = await kept.ask(OWNER, gone, now=NOW)
    assert (answer.found, answer.renewing, answer.problem) == (None, False, "There is no lifecycle 'gone'.")


async def test_without_the_scope_nothing_is_told_nor_noted(moves: None, large: None) -> None:
    with pytest.raises(Forbidden, match="lifecycle:read"):
        await kept.ask(factories.everything_but(Scope.LIFECYCLE_READ), FUNNEL, now=NOW)
    assert await KeptReport.all().count() == 0


async def test_the_usual_period_ends_today_or_with_the_last_move_of_long_ago(db: str) -> None:
    today, moved = date(2026, 11, 20), NOW - timedelta(days=800)
    found = await world.lifecycle()
    assert await usual_days(Report.CHURN, "small", "UTC", NOW) == (today - timedelta(days=365), date(2026, 11, 21))
    await world.populate(found, [[("new", moved - timedelta(days=500)), ("buyer", moved)], [("new", NOW)]])
    last = moved.date() + timedelta(days=1)
    assert await usual_days(Report.CHURN, "small", "UTC", NOW) == (moved.date() - timedelta(days=365), last)
    assert await usual_days(Report.FUNNEL, "small", "UTC", NOW) == (moved.date() - timedelta(days=500), last)
