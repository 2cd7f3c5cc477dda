"""Lifecycles through GraphQL, as a partner's client uses them."""

from datetime import timedelta
from typing import Any

import pytest

from crm import ids
from crm.access import Scope
from crm.lifecycle import automatic, default
from models import Lifecycle, StageTransition
from tests import factories
from tests.crm import lifecycle_world as world
from tests.crm.test_followups import staff
from tests.factories import NOW, OWNER
from tests.schema.asking import ask

PERIOD = {"since": (NOW - timedelta(days=300)).isoformat(), "until": (NOW + timedelta(days=1)).isoformat()}

REPORTS = {
    "funnel": "lifecycleFunnel(entered: $p, cohort: MONTH, groupBy: COUNTRY) { cohort group stage entered rate }",
    "matrix": "transitionMatrix(period: $p) { stages ends cells { from to count probability standardError } }",
    "forecast": "lifecycleForecast(period: $p) { ways { from to steps } ends { from ends { stage } observed } }",
    "waiting": "lifecycleWaiting(period: $p) { stage standing overTarget medianDays bottleneck }",
    "retention": "retention(came: $p, basis: STAGE) { since size active rates }",
    "churn": "churn(period: $p, groupBy: STAGE) { group base lost rate }",
    "stuck": "stuckCustomers { customerId stage dueAt }",
    "file": "lifecycleFile",
    "warnings": "lifecycleWarnings",
    "scores": "feedbackScores(period: $p, groupBy: SEGMENT) { kind group value }",
    "drivers": "satisfactionDrivers(period: $p) { answers lacking drivers { attribute } }",
    "complaints": "complaints(period: $p) { complaints rate }",
    "quality": "dataQualityReport(groupBy: SOURCE) { group customers score }",
    "exposure": 'staffExposure(since: "2026-01-01T00:00:00Z") { staffId value }',
    "journey": "stageJourney(customerId: $c) { stays { stage leftAt } dwell { stage totalSeconds } }",
    "depth": 'relationshipDepth(customerId: $c, since: "2026-01-01T00:00:00Z") { contacts breadth staff { name } }',
    "network": "network(customerId: $c) { nodes { name distance } links { kind inverse } complete }",
    "tree": "customerTree(customerId: $c) { name distance }",
    "chain": "customerChain(customerId: $c) { name }",
    "total": "customerTreeTotal(customerId: $c) { customers clv }",
    "one": "dataQuality(customerId: $c) { score missing }",
    "provenance": "fieldProvenance(customerId: $c) { field actor }",
}


def document(field: str) -> str:
    declared = "".join(
        f", ${name}: {kind}" for name, kind in (("p", "PeriodInput!"), ("c", "ID!")) if f"${name}" in field
    )
    return f"query{f'({declared[2:]})' if declared else ''} {{ {field} }}"


@pytest.mark.parametrize("name", REPORTS)
async def test_every_report_answers(db: str, name: str) -> None:
    await world.lifecycle()
    alice = await factories.customer("Alice")
    answer = await ask(document(REPORTS[name]), {"p": PERIOD, "c": ids.encode("cus", alice.id)})
    assert len(answer.data) == 1


@pytest.mark.parametrize("name", REPORTS)
async def test_no_report_answers_whoever_may_read_nothing(db: str, name: str) -> None:
    await world.lifecycle()
    alice = await factories.customer("Alice")
    stranger = factories.actor(Scope.ORDER_WRITE)
    answer = await ask(document(REPORTS[name]), {"p": PERIOD, "c": ids.encode("cus", alice.id)}, stranger)
    assert answer.code in ("FORBIDDEN", "NOT_FOUND")


async def mutate(name: str, input: dict[str, Any], selected: str) -> dict[str, Any]:
    kind = name[0].upper() + name[1:] + "Input"
    problems = "problems { code message path currentStage currentVersion }"
    text = f"mutation($i: {kind}!) {{ {name}(input: $i) {{ {problems} {selected} }} }}"
    found: dict[str, Any] = (await ask(text, {"i": input})).data[name]
    return found


async def test_a_lifecycle_is_defined_changed_and_its_revisions_are_read(db: str) -> None:
    stages = [{"key": "a", "name": "A", "initial": True}, {"key": "b", "name": "B"}]
    edges = [{"from": "a", "to": "b", "guardText": "orders.count() >= 1", "automatic": True}]
    made = await mutate(
        "lifecycleCreate",
        {"key": "x", "name": "X", "stages": stages, "edges": edges},
        "lifecycle { id version edges { guardText automatic } }",
    )
    path = made["lifecycle"]
    assert path["edges"] == [{"guardText": "orders.count() >= 1", "automatic": True}]
    added = await mutate(
        "stageAdd",
        {"id": path["id"], "expectedVersion": 1, "stage": {"key": "c", "name": "C"}, "before": "b"},
        "warnings lifecycle { version stages { key } revisions { nodes { number actor { label } } } }",
    )
    assert added["warnings"] == ["No way leads to the stage 'c'."]
    assert [stage["key"] for stage in added["lifecycle"]["stages"]] == ["a", "c", "b"]
    assert [each["number"] for each in added["lifecycle"]["revisions"]["nodes"]] == [2, 1]


async def test_a_definition_that_cannot_be_answers_with_its_places(db: str) -> None:
    path = await world.lifecycle()
    key = ids.encode("lif", path.id)
    edge = {"from": "new", "to": "buyer", "guardText": "colour = 1"}
    bad = await mutate("stageEdgeSet", {"id": key, "expectedVersion": 1, "edge": edge}, "lifecycle { id }")
    assert bad["problems"][0]["path"][:3] == ["edges", "0", "guard"]
    old = await mutate("lifecycleRename", {"id": key, "expectedVersion": 7, "name": "Y"}, "lifecycle { id }")
    assert old["problems"][0]["code"] == "VERSION_CONFLICT"
    assert (await Lifecycle.get(id=path.id)).version == 1


async def test_a_file_goes_out_and_comes_in_again(db: str) -> None:
    await world.lifecycle()
    file = (await ask("{ lifecycleFile(json: true) }")).data["lifecycleFile"]
    done = await mutate("lifecycleImport", {"content": file.replace("Loyal", "Faithful")}, "lifecycle { version }")
    assert (done["problems"], done["lifecycle"]["version"]) == ([], 2)
    bad = await mutate("lifecycleImport", {"content": "stages: ["}, "lifecycle { version }")
    assert bad["problems"][0]["path"] == ["content"]


async def test_many_customers_are_moved_by_a_rule(db: str) -> None:
    await world.lifecycle()
    for country in ("IR", "IR", "DE"):
        await factories.customer(country=country)
    wanted = {"to": "gone", "whereText": 'country = "IR"', "dryRun": True}
    dry = await mutate("stageMoveMany", wanted, "chosen moved held { stage code customers examples }")
    assert (dry["chosen"], dry["moved"], dry["held"][0]["code"]) == (2, 0, "REASON_MISSING")
    done = await mutate("stageMoveMany", {"to": "buyer", "where": {"country": {"eq": "IR"}}, "limit": 5}, "moved left")
    assert done["moved"] == 2


async def test_where_a_customer_stood_at_a_time_is_read_with_it(db: str) -> None:
    path = await world.lifecycle()
    await world.populate(path, [[("new", NOW - timedelta(days=9)), ("buyer", NOW - timedelta(days=5))]])
    text = "query($t: DateTime) { customers { nodes { stage(asOf: $t) { stage { key } enteredAt } } } }"
    times = [*((NOW - timedelta(days=days)).isoformat() for days in (10, 9, 6, 5)), None]
    found = [(await ask(text, {"t": at})).data["customers"]["nodes"][0]["stage"] for at in times]
    assert [each and each["stage"]["key"] for each in found] == [None, "new", "new", "buyer", "buyer"]
    assert found[2]["enteredAt"] == "2026-11-11T12:00:00.000000Z"


async def test_follow_ups_goals_and_transfers_through_the_api(db: str) -> None:
    await world.lifecycle()
    carol, dave = await staff("carol"), await staff("dave")
    alice = await factories.customer(owner_id=carol.id)
    stf = [ids.encode("stf", member.id) for member in (carol, dave)]
    made = await mutate(
        "followUpCreate",
        {"customerId": ids.encode("cus", alice.id), "subject": "Call", "dueAt": NOW.isoformat(), "ownerId": stf[0]},
        "followUp { id version owner { name } }",
    )
    assert made["followUp"]["owner"]["name"] == "carol"
    day = (await ask("query($s: ID) { myDay(staffId: $s) { today { subject id } } }", {"s": stf[0]})).data["myDay"]
    assert [task["subject"] for task in day["today"]] == ["Call"]
    moved = await mutate("ownerTransfer", {"from": stf[0], "to": [stf[1]]}, "customers followUps")
    assert (moved["customers"], moved["followUps"]) == (1, 1)
    closed = await mutate(
        "followUpClose", {"id": made["followUp"]["id"], "expectedVersion": 2}, "followUp { status closedAt }"
    )
    assert closed["followUp"]["status"] == "DONE"
    goal = await mutate(
        "goalCreate",
        {
            "name": "Buyers",
            "figure": "STAGE_SIZE",
            "stage": "buyer",
            "target": "5",
            "startsOn": "2026-11-01",
            "dueOn": "2026-12-01",
        },
        "goalId version",
    )
    text = "query($g: ID!) { goal(id: $g) { name target } goalProgress(goalId: $g) { current state expected } }"
    read = (await ask(text, {"g": goal["goalId"]})).data
    assert (read["goal"]["name"], read["goalProgress"]["state"]) == ("Buyers", "BEHIND")


async def test_a_dry_run_tells_what_is_expected_what_is_and_which_moves_are_open(db: str) -> None:
    await default.install(OWNER)
    alice = await factories.customer("Alice")
    tried = {"customerId": ids.encode("cus", alice.id), "to": "first_time_buyer", "dryRun": True}
    said = "moved obstacles { code expected actual } openTo"
    for _ in range(2):
        dry = await mutate("stageMove", tried, said)
        assert dry["obstacles"] == [
            {"code": "GUARD", "expected": 'orders.count(status != "CANCELLED") >= 1', "actual": "0"}
        ]
        assert (dry["moved"], dry["openTo"]) == (False, ["first_time_buyer", "prospect", "lost"])
    await factories.order(alice)
    assert (await mutate("stageMove", tried, said))["obstacles"] == []
    moved = await automatic.advance(OWNER, [alice.id], now=NOW + timedelta(days=1))
    assert [move.end for move in moved] == ["first_time_buyer"]
    assert await automatic.advance(OWNER, [alice.id], now=NOW + timedelta(days=1)) == []
    assert await StageTransition.filter(customer_id=alice.id).count() == 2


async def test_a_dry_run_tells_of_every_move_whether_it_is_open_and_if_not_why(db: str) -> None:
    await default.install(OWNER)
    alice = await factories.customer("Alice")
    tried = {"customerId": ids.encode("cus", alice.id), "to": "prospect", "dryRun": True}
    said = "moved choices { to open obstacles { code } }"
    expected = [("first_time_buyer", False, ["GUARD"]), ("prospect", True, []), ("lost", False, ["REASON_MISSING"])]
    dry = await mutate("stageMove", tried, said)
    assert [(each["to"], each["open"], codes(each)) for each in dry["choices"]] == expected
    blocked = await mutate("stageMove", tried | {"to": "client", "dryRun": False}, said)
    assert [(each["to"], each["open"], codes(each)) for each in blocked["choices"]] == expected


def codes(choice: dict[str, Any]) -> list[str]:
    return [obstacle["code"] for obstacle in choice["obstacles"]]


@pytest.mark.parametrize(("expected", "code"), [("suspect", "VERSION_CONFLICT"), (None, "BLOCKED")])
async def test_of_two_moves_the_later_is_told_where_the_customer_stands(
    db: str, expected: str | None, code: str
) -> None:
    await default.install(OWNER)
    alice = await factories.customer("Alice")
    wanted = {"customerId": ids.encode("cus", alice.id), "to": "prospect", "expectedStage": expected}
    assert (await mutate("stageMove", wanted, "moved"))["moved"]
    (problem,) = (await mutate("stageMove", wanted, "moved"))["problems"]
    assert (problem["code"], problem["currentStage"], problem["currentVersion"]) == (code, "prospect", None)


async def test_ratings_of_single_things_are_logged_and_read(db: str) -> None:
    alice = await factories.customer()
    sent = {
        "customerId": ids.encode("cus", alice.id),
        "channel": "WEB",
        "direction": "INBOUND",
        "kind": "SURVEY",
        "ratingKind": "NPS",
        "rating": 9,
        "attributeRatings": {"delivery": 7},
    }
    made = await mutate("interactionLog", sent, "interaction { attributeRatings }")
    assert made["interaction"] == {"attributeRatings": {"delivery": 7}}
    wrong = await mutate("interactionLog", {**sent, "attributeRatings": [7]}, "interaction { id }")
    assert wrong["problems"][0]["path"] == ["attributeRatings"]


@pytest.mark.parametrize("key", ["x" * 5000, " " * 500, "nowhere"])
async def test_a_lifecycle_with_a_key_of_any_length_is_told_to_be_missing(db: str, key: str) -> None:
    answer = await ask("query($key: String) { lifecycleWarnings(lifecycle: $key) }", {"key": key})
    assert answer.code == "NOT_FOUND"


async def test_a_lifecycle_is_not_defined_under_a_key_that_is_too_long(db: str) -> None:
    stages = [{"key": "new", "name": "New", "outcome": "OPEN", "initial": True}]
    made = "mutation($i: LifecycleCreateInput!) { lifecycleCreate(input: $i) { problems { code path } } }"
    answer = await ask(made, {"i": {"key": "x" * 5000, "name": "Long", "stages": stages, "edges": []}})
    assert answer.data["lifecycleCreate"]["problems"] == [{"code": "VALIDATION_FAILED", "path": ["key"]}]
