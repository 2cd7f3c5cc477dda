"""Defining lifecycles: every change is checked, versioned, audited, and never strands a customer."""

import asyncio
from datetime import timedelta

import pytest

from crm.access import Scope
from crm.errors import Blocked, DuplicateFound, Forbidden, NotFound, ValidationFailed, VersionConflict
from crm.lifecycle import definitions, history, positions, store
from crm.lifecycle.definition import EdgeDefinition, StageDefinition
from crm.rules.faults import RuleInvalid
from models import AuditEntry, Event, Lifecycle, LifecycleRevision, Stage, StageEdge, StageTransition
from tests import factories
from tests.crm import lifecycle_world as world
from tests.factories import NOW, OWNER


async def keys(lifecycle: Lifecycle) -> list[str]:
    return [stage.key for stage in await store.stages_of(lifecycle.id)]


async def test_stages_are_added_renamed_and_ordered(db: str) -> None:
    path = await world.lifecycle()
    await world.alter(path, definitions.with_stage(StageDefinition("trial", "Trial"), before="buyer"))
    await world.alter(path, definitions.stage_changed("trial", name="On trial", target_days=14))
    await world.alter(path, definitions.stages_ordered(["trial", "new", "buyer", "loyal", "asleep", "gone"]))
    trial = await Stage.get(key="trial")
    assert await keys(path) == ["trial", "new", "buyer", "loyal", "asleep", "gone"]
    assert (trial.name, trial.target_days, trial.version) == ("On trial", 14, 3)


async def test_another_stage_can_become_the_initial_one(db: str) -> None:
    path = await world.lifecycle()
    await world.alter(path, definitions.stage_changed("buyer", initial=True))
    assert [stage.key for stage in await Stage.filter(is_initial=True)] == ["buyer"]


async def test_every_change_leaves_a_revision_an_audit_entry_and_an_event(db: str) -> None:
    path = await world.lifecycle()
    done = await world.alter(path, definitions.renamed("Tiny"))
    assert done.lifecycle.version == 2
    assert await LifecycleRevision.filter(lifecycle_id=path.id).count() == 2
    entry = await AuditEntry.get(action="lifecycle.updated")
    assert entry.changes == {"name": ["Small", "Tiny"]}
    assert (await Event.get(type="lifecycle.updated")).data["version"] == 2


async def test_a_change_that_changes_nothing_leaves_nothing(db: str) -> None:
    path = await world.lifecycle()
    done = await world.alter(path, definitions.renamed("Small"))
    assert done.lifecycle.version == 1
    assert not await Event.exists(type="lifecycle.updated")


async def test_a_stage_in_use_is_kept_unless_another_takes_its_customers(db: str) -> None:
    path, alice = await world.lifecycle(), await factories.customer()
    await positions.move(OWNER, alice.id, to="buyer", now=NOW)
    with pytest.raises(Blocked, match="1 customers stand in 'buyer'"):
        await world.alter(path, definitions.without_stage("buyer"))
    await world.alter(path, definitions.without_stage("buyer"), buyer="loyal")
    assert await keys(path) == ["new", "loyal", "asleep", "gone"]
    last = await StageTransition.filter(customer_id=alice.id).order_by("-id").first().prefetch_related("to_stage")
    assert last is not None
    assert (last.to_stage.key, last.cause) == ("loyal", "STAGE_REMOVED")
    assert [stay.stage for stay in await history.stays(OWNER, alice.id)] == ["new", "buyer", "loyal"]


async def test_a_removed_stage_is_no_longer_moved_to_and_can_come_back(db: str) -> None:
    path, alice = await world.lifecycle(), await factories.customer()
    await positions.move(OWNER, alice.id, to="buyer", now=NOW)
    await positions.move(OWNER, alice.id, to="loyal", now=NOW)
    await world.alter(path, definitions.without_stage("buyer"))
    with pytest.raises(NotFound, match="no stage 'buyer'"):
        await positions.move(OWNER, alice.id, to="buyer", now=NOW)
    await definitions.revert(OWNER, path.id, 1, expected_version=2, now=NOW)
    assert await keys(path) == ["new", "buyer", "loyal", "asleep", "gone"]
    assert await Stage.filter(key="buyer").count() == 1
    assert await StageEdge.filter(lifecycle_id=path.id).count() == len(world.EDGES)


async def test_the_initial_stage_stays(db: str) -> None:
    path = await world.lifecycle()
    with pytest.raises(Blocked, match="initial stage"):
        await world.alter(path, definitions.without_stage("new"))


@pytest.mark.parametrize("guard", ["orders.count() >= 2", {"orders": {"count": {"gte": 2}}}])
async def test_a_guard_is_given_as_text_or_tree_and_kept_as_both(db: str, guard: str) -> None:
    path = await world.lifecycle()
    await world.alter(path, definitions.with_edge(EdgeDefinition("buyer", "loyal", guard, automatic=True)))
    edge = await StageEdge.get(automatic=True)
    assert (edge.guard, edge.guard_text) == ({"orders": {"count": {"gte": 2}}}, "orders.count() >= 2")


@pytest.mark.parametrize("guard", ["orders.count() >=", "colour = 1", 'country = "IR" and'])
async def test_a_guard_that_cannot_be_asked_names_its_edge(db: str, guard: str) -> None:
    path = await world.lifecycle()
    with pytest.raises(RuleInvalid) as refused:
        await world.alter(path, definitions.with_edge(EdgeDefinition("buyer", "loyal", guard)))
    assert refused.value.path[:3] == ("edges", "1", "guard")
    assert not await StageEdge.exists(guard_text__isnull=False)


async def test_a_guard_over_what_its_author_may_not_read_is_refused_but_may_stay(db: str) -> None:
    path = await world.lifecycle()
    blind = factories.everything_but(Scope.VALUE_READ)
    edge = definitions.with_edge(EdgeDefinition("buyer", "loyal", "valueMetrics.clv > 500"))
    with pytest.raises(Forbidden, match="value:read"):
        await definitions.change(blind, path.id, edge, expected_version=1, now=NOW)
    await world.alter(path, edge)
    await definitions.change(blind, path.id, definitions.renamed("Tiny"), expected_version=2, now=NOW)
    assert (await Lifecycle.get(id=path.id)).name == "Tiny"


async def test_of_two_changes_of_one_version_one_is_a_conflict(fresh_db: str) -> None:
    path = await world.lifecycle()
    results = await asyncio.gather(
        *(
            definitions.change(OWNER, path.id, definitions.renamed(name), expected_version=1, now=NOW)
            for name in ("One", "Two")
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Defined", "VersionConflict"]


async def test_a_move_into_a_stage_that_is_being_removed_never_strands_the_customer(fresh_db: str) -> None:
    path, alice = await world.lifecycle(), await factories.customer()
    await asyncio.gather(
        positions.move(OWNER, alice.id, to="buyer", now=NOW),
        world.alter(path, definitions.without_stage("buyer"), buyer="loyal"),
        return_exceptions=True,
    )
    standing = (await history.stays(OWNER, alice.id))[-1]
    assert standing.stage in await keys(path)


async def test_a_file_makes_a_lifecycle_and_makes_it_again_elsewhere(db: str) -> None:
    path = await world.lifecycle()
    await world.alter(
        path, definitions.with_edge(EdgeDefinition("new", "buyer", "orders.count() >= 1", automatic=True))
    )
    file = await definitions.export(OWNER, path.id)
    assert "guard: orders.count() >= 1" in file
    done = await definitions.take_in(OWNER, file.replace("key: small", "key: other"), now=NOW)
    again = await definitions.export(OWNER, done.lifecycle.id)
    assert again.replace("key: other", "key: small") == file


async def test_a_file_with_a_known_key_changes_that_lifecycle(db: str) -> None:
    path = await world.lifecycle()
    file = await definitions.export(OWNER, path.id, as_json=True)
    done = await definitions.take_in(OWNER, file.replace('"Loyal"', '"Faithful"'), now=NOW, expected_version=1)
    assert (done.lifecycle.id, done.lifecycle.version) == (path.id, 2)
    with pytest.raises(VersionConflict):
        await definitions.take_in(OWNER, file, now=NOW, expected_version=1)


async def test_the_first_lifecycle_is_the_default_until_another_is_made_so(db: str) -> None:
    first = await world.lifecycle()
    other = await definitions.take_in(
        OWNER, (await definitions.export(OWNER, first.id)).replace("key: small", "key: other"), now=NOW
    )
    assert (first.is_default, other.lifecycle.is_default) == (True, False)
    await definitions.make_default(OWNER, other.lifecycle.id, expected_version=1)
    assert (await Lifecycle.get(is_default=True)).key == "other"
    await definitions.archive(OWNER, first.id, expected_version=None, now=NOW)
    with pytest.raises(Blocked, match="default"):
        await definitions.archive(OWNER, other.lifecycle.id, expected_version=None, now=NOW)


async def test_nobody_moves_in_an_archived_lifecycle(db: str) -> None:
    path, alice = await world.lifecycle(), await factories.customer()
    await Lifecycle.filter(id=path.id).update(archived_at=NOW)
    with pytest.raises(Blocked, match="archived"):
        await positions.move(OWNER, alice.id, to="buyer", now=NOW + timedelta(days=1))


async def test_a_key_is_taken_once(db: str) -> None:
    await world.lifecycle()
    with pytest.raises(DuplicateFound):
        await world.lifecycle()
    with pytest.raises(ValidationFailed):
        await definitions.take_in(OWNER, "key: x\nname: X", now=NOW)


async def test_without_the_scope_nothing_is_defined(db: str) -> None:
    path = await world.lifecycle()
    stranger = factories.everything_but(Scope.LIFECYCLE_WRITE)
    for attempt in (
        definitions.change(stranger, path.id, definitions.renamed("X"), expected_version=1, now=NOW),
        definitions.take_in(stranger, "key: x", now=NOW),
        definitions.make_default(stranger, path.id, expected_version=1),
        definitions.archive(stranger, path.id, expected_version=1, now=NOW),
    ):
        with pytest.raises(Forbidden, match="lifecycle:write"):
            await attempt
    assert (await Lifecycle.get()).version == 1
