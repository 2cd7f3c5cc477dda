"""The demonstration is loaded through the use cases, once; the simulation stands in the database as it was drawn."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crm import feedback, organization, tokens
from crm.access import Actor, Scope
from crm.database import fetch, fetch_value
from crm.demo import cdnow, credentials, journeys, living, steps
from crm.demo.simulate import Parameters, load
from crm.errors import Forbidden, NotFound
from crm.imports import take_in
from crm.lifecycle import default
from crm.lifecycle.reports.frame import Period
from crm.value import rollup
from models import Customer, Event, ImportRun, Order, RatingKind, Segment, StageTransition, TransitionCause
from tests import factories
from tests.factories import NOW, OWNER


async def state() -> list[Any]:
    """How many rows every table holds, and how far the events went."""
    tables = await fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [await fetch_value(f'SELECT count(*) FROM "{row["tablename"]}"') for row in tables]


async def test_the_log_is_loaded_once_and_its_stages_retraced(fresh_db: str) -> None:
    await default.install(OWNER)
    run = await take_in(OWNER, cdnow.source(cdnow.path(cdnow.SAMPLE)), now=NOW)
    assert (run.rows_created, run.rows_refused) == (6919, 0)
    assert await Customer.all().count() == 2357
    moves = await journeys.retrace(OWNER, cdnow.SOURCE, now=NOW)
    assert await StageTransition.all().count() == moves + 2357
    before = await state()
    await take_in(OWNER, cdnow.source(cdnow.path(cdnow.SAMPLE)), now=NOW)
    assert await journeys.retrace(OWNER, cdnow.SOURCE, now=NOW) == 0
    assert await state() == before
    first = await Customer.all().order_by("acquired_at", "display_name").first()
    assert first is not None
    assert (first.display_name[:15], first.acquired_at) == ("CDNOW customer ", datetime(1997, 1, 1, tzinfo=UTC))


async def test_those_who_fell_silent_are_moved_once_at_the_end_of_the_log(fresh_db: str) -> None:
    await default.install(OWNER)
    await take_in(OWNER, cdnow.source(cdnow.path(cdnow.SAMPLE)), now=NOW)
    await journeys.retrace(OWNER, cdnow.SOURCE, now=NOW)
    await steps.valued(steps.END_OF_DATA, cdnow.SOURCE)(OWNER, NOW, print)
    told = [await steps.silence(OWNER, NOW, print) for _ in range(2)]
    last = await StageTransition.filter(cause=TransitionCause.AUTOMATIC).order_by("-id").first()
    assert last is not None
    assert (last.occurred_at, told[1]) == (datetime(1998, 6, 30, 23, 59, 59, 999999, tzinfo=UTC), "as they were")


async def test_sample_segments_are_made_once(fresh_db: str) -> None:
    await default.install(OWNER)
    await take_in(OWNER, cdnow.source(cdnow.path(cdnow.SAMPLE)), now=NOW)
    for _ in range(2):
        await steps.segments(OWNER, NOW, print)
    assert (await Segment.get(key="top-100")).size == 100


async def test_living_segments_are_made_once_and_follow_their_rules(db: str) -> None:
    await factories.order(await factories.customer("Ali"))
    told = [await living.segments(OWNER, NOW, print) for _ in range(2)]
    assert told[0] == told[1]
    sizes = {one.key: (one.size, one.evaluation_error) for one in await Segment.all()}
    assert sizes["one-order"] == (1, None)
    assert {error for _, error in sizes.values()} == {None}


async def test_the_ways_in_are_made_once_and_the_token_reads(db: str, tmp_path: Path) -> None:
    first = await credentials.have_credentials(OWNER, tmp_path, now=NOW)
    again = await credentials.have_credentials(OWNER, tmp_path, now=NOW)
    assert (again.token, again.password) == (first.token, None)
    assert first.password is not None
    assert (tmp_path / credentials.TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    bearer = await tokens.authenticate(first.token, now=NOW)
    assert Scope.CUSTOMER_READ in bearer.scopes
    assert not [scope for scope in bearer.scopes if not scope.endswith(":read")]


async def test_a_token_of_another_database_is_replaced(db: str, tmp_path: Path) -> None:
    credentials.keep(tmp_path / credentials.TOKEN_FILE, tokens.mint())
    made = await credentials.have_credentials(OWNER, tmp_path, now=NOW)
    assert (await tokens.authenticate(made.token, now=NOW)).label == "Demo, read-only"


def test_a_missing_log_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdnow, "find_spec", lambda name: None)
    with pytest.raises(NotFound, match="pip install --no-deps lifetimes"):
        cdnow.path()


SMALL = Parameters(1_200, lines_every=2)


async def test_a_simulated_organisation_is_added_once(fresh_db: str) -> None:
    run = await load(OWNER, SMALL, 3, now=NOW)
    assert (run.rows_created, await Customer.all().count()) == (1_200, 1_200)
    before = await state()
    assert (await load(OWNER, SMALL, 3, now=NOW)).id == run.id
    assert await state() == before
    assert await Event.filter(type="import.finished").count() == 1


async def test_two_simulations_live_together(fresh_db: str) -> None:
    await load(OWNER, Parameters(50), 1, now=NOW)
    await load(OWNER, Parameters(60), 1, now=NOW)
    assert await Customer.all().count() == 110
    assert await ImportRun.filter(kind="simulation").count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        """SELECT FROM "order" o JOIN order_line l ON l.order_id = o.id GROUP BY o.id
           HAVING sum(l.amount) <> o.amount OR sum(l.unit_price - l.discount) <> o.amount
               OR sum(l.cost_of_goods) <> o.cost_of_goods""",
        """SELECT FROM customer c LEFT JOIN stage_position p ON p.customer_id = c.id
           LEFT JOIN LATERAL (SELECT * FROM stage_transition t WHERE t.customer_id = c.id
                              ORDER BY occurred_at DESC, id DESC LIMIT 1) t ON true
           WHERE (p.stage_id, p.entered_at) IS DISTINCT FROM (t.to_stage_id, t.occurred_at)""",
        """SELECT FROM stage_transition t LEFT JOIN stage_edge e
             ON e.from_stage_id = t.from_stage_id AND e.to_stage_id = t.to_stage_id
           WHERE t.from_stage_id IS NOT NULL AND (e.id IS NULL OR t.dwell_seconds < 0)""",
        "SELECT FROM customer c WHERE search_text <> arzesh_normal(search_text) AND search_text NOT LIKE E'%\\n%'",
        """SELECT FROM customer c JOIN (SELECT customer_id, min(placed_at) AS at FROM "order" GROUP BY 1) o
             ON o.customer_id = c.id WHERE o.at <> c.acquired_at""",
        "SELECT FROM customer WHERE (SELECT count(*) FROM identity i WHERE i.customer_id = customer.id) <> 2",
        "SELECT FROM customer WHERE (kind = 'PERSON') = (birthday IS NULL) OR birthday > '2006-01-01'",
        """SELECT FROM interaction i LEFT JOIN LATERAL jsonb_each_text(i.attribute_ratings) AS r(name, value) ON true
           WHERE (i.kind = 'SURVEY') = (r.value IS NULL) OR r.value::int NOT BETWEEN 1 AND 10""",
    ],
    ids=[
        "lines add up",
        "positions are the last moves",
        "moves follow edges",
        "texts",
        "acquired",
        "identities",
        "born",
        "rated",
    ],
)
async def test_what_was_simulated_hangs_together(simulated: str, wrong: str) -> None:
    assert await fetch(wrong) == []


async def test_of_what_is_rated_in_simulated_surveys_service_matters_most(simulated: str) -> None:
    year = Period(SMALL.end - timedelta(days=3_650), SMALL.end)
    found = await feedback.explained(OWNER, period=year, kind=RatingKind.NPS)
    assert [each.attribute for each in found.drivers] == ["service", "delivery", "price"]


@pytest.fixture
async def simulated(fresh_db: str) -> str:
    await load(OWNER, SMALL, 3, now=NOW)
    return fresh_db


async def test_simulated_days_are_those_of_the_roll_up(simulated: str) -> None:
    kept = await days()
    await rollup.rebuild("UTC")
    assert await days() == kept


async def test_days_are_those_of_the_organisations_clock(fresh_db: str) -> None:
    await organization.change(OWNER, time_zone="Asia/Tehran")
    await load(OWNER, Parameters(100), 3, now=NOW)
    kept = await days()
    await rollup.rebuild("Asia/Tehran")
    assert await days() == kept


async def days() -> list[tuple[Any, ...]]:
    rows = [
        *await fetch("SELECT * FROM customer_day ORDER BY customer_id, day"),
        *await fetch("SELECT * FROM customer_total ORDER BY customer_id"),
        *await fetch("SELECT * FROM product_day ORDER BY customer_id, day, product_id"),
    ]
    return [
        tuple(value for name, value in row.items() if name not in {"id", "created_at", "updated_at"}) for row in rows
    ]


async def test_a_large_load_leaves_indexes_and_keys_as_they_were(fresh_db: str) -> None:
    shape = """SELECT indexdef AS what FROM pg_indexes WHERE schemaname = 'public'
               UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1"""
    before = await fetch(shape)
    await load(OWNER, Parameters(200), 3, now=NOW, many=100)
    assert await fetch(shape) == before


async def test_an_actor_without_the_scope_adds_nothing(db: str) -> None:
    actor: Actor = factories.everything_but(Scope.IMPORT_RUN)
    with pytest.raises(Forbidden):
        await load(actor, Parameters(10), 1, now=NOW)
    assert not await Order.exists()
