"""Lifecycles on paper: what is refused, what is warned of, and files that say the same as before."""

from dataclasses import replace

import pytest

from crm.errors import Problems, ValidationFailed
from crm.lifecycle import default, files
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition, checked, warnings
from models import StageOutcome

A, B, C = StageDefinition("a", "A", initial=True), StageDefinition("b", "B"), StageDefinition("c", "C")


def path(*edges: EdgeDefinition, stages: tuple[StageDefinition, ...] = (A, B, C)) -> Definition:
    return Definition("path", "Path", stages, edges)


def automatic(start: str, end: str, guard: str | None = None) -> EdgeDefinition:
    return EdgeDefinition(start, end, guard, automatic=True)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (path(stages=()), ("stages",)),
        (path(stages=(B, C)), ("stages",)),
        (path(stages=(A, replace(B, initial=True))), ("stages",)),
        (path(stages=(A, A)), ("stages",)),
        (path(stages=(A, replace(B, key="No Key"))), ("stages", "1", "key")),
        (path(stages=(A, replace(B, name=" "))), ("stages", "1", "name")),
        (path(stages=(A, replace(B, target_days=0))), ("stages", "1", "targetDays")),
        (path(EdgeDefinition("a", "x")), ("edges", "0", "to")),
        (path(EdgeDefinition("b", "b")), ("edges", "0", "to")),
        (path(EdgeDefinition("a", "b"), EdgeDefinition("a", "b")), ("edges", "1", "to")),
        (path(EdgeDefinition("a", "b", required_scope="stage:fly")), ("edges", "0", "requiredScope")),
        (path(automatic("a", "b"), automatic("b", "a")), ("edges",)),
        (replace(path(), key="A key"), ("key",)),
    ],
)
def test_a_definition_that_cannot_work_is_refused_with_its_place(wrong: Definition, place: tuple[str, ...]) -> None:
    with pytest.raises((ValidationFailed, Problems)) as refused:
        checked(wrong)
    assert place in {each.path for each in getattr(refused.value, "problems", [refused.value])}


def test_a_round_of_automatic_moves_held_back_by_rules_is_allowed_and_warned_of() -> None:
    round_trip = path(automatic("a", "b", "x"), automatic("b", "c"), automatic("c", "a"), EdgeDefinition("b", "a"))
    assert checked(round_trip)
    assert "a → b → c → a" in warnings(round_trip)[0]


@pytest.mark.parametrize(
    ("there", "back", "warned"),
    [
        ("timeInStage > 30 days", 'country = "IR"', True),
        ("valueMetrics.recencyDays > 180", "valueMetrics.recencyDays <= 180", False),
        ("valueMetrics.recencyDays > 180", "valueMetrics.recencyDays >= 180", True),
        ('valueMetrics.recencyDays >= 180 and country = "IR"', "valueMetrics.recencyDays = 180", True),
        ("valueMetrics.recencyDays > 180", 'valueMetrics.recencyDays = 180 and country = "IR"', False),
        ("valueMetrics.recencyDays > 180", "valueMetrics.frequency < 100", True),
        ('valueMetrics.recencyDays > 180 or country = "IR"', "valueMetrics.recencyDays < 9", True),
        ("valueMetrics.pAlive < 0.4 or valueMetrics.recencyDays > 90", "valueMetrics.pAlive > 0.5", True),
        ("pAlive < 0.4 or recencyDays > 90", "pAlive > 0.5 and recencyDays <= 90", False),
        ("valueMetrics.pAlive is empty", "valueMetrics.pAlive >= 0", False),
        ("valueMetrics.pAlive is empty", "valueMetrics.pAlive is not empty", False),
        ("valueMetrics.pAlive is empty", "valueMetrics.pAlive is empty", True),
    ],
)
def test_rules_that_exclude_each_other_make_no_round(there: str, back: str, warned: bool) -> None:
    said = warnings(path(automatic("a", "b", there), automatic("b", "a", back), EdgeDefinition("b", "c")))
    assert bool(said) is warned


def test_an_edge_that_is_never_tried_and_a_stage_that_is_never_reached_are_warned_of() -> None:
    said = warnings(path(automatic("a", "b"), automatic("a", "c", "x"), stages=(A, B, C, StageDefinition("d", "D"))))
    assert said[0].startswith("a → c never happens by itself")
    assert said[1] == "No way leads to the stage 'd'."


def test_the_default_lifecycle_is_fine() -> None:
    assert warnings(checked(default.definition())) == []


@pytest.mark.parametrize("as_json", [True, False])
def test_a_file_says_the_same_when_it_is_read_again(as_json: bool) -> None:
    said = path(
        EdgeDefinition("a", "b", {"country": {"eq": "IR"}}, True, True, "stage:move"),
        EdgeDefinition("b", "c", 'country = "IR"'),
        stages=(A, B, StageDefinition("c", "سه", StageOutcome.IDLE, 30)),
    )
    assert files.read(files.write(files.to_plain(said), as_json=as_json)) == said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("stages: [", "Line 1"),
        ("[]", "A mapping with the keys"),
        ("key: a\nname: A\nstage: []", "'stage' is not known here"),
        ("key: a\nname: A\nstages: [{key: x, outcome: GREAT}]", "'GREAT' is no outcome"),
        ("key: a\nname: A\nstages: [{key: x, targetDays: soon}]", "is not a whole number"),
        ("key: a\nname: A\nstages: [{key: x, initial: 1}]", "initial is true or false"),
        ("key: a\nname: A\nedges: [{from: x}]", "to must be a text"),
        ("key: &a a\nname: *a", "Aliases"),
        ("key: !!python/object:os.system a", "Line 1"),
        ("format: other/1\nkey: a\nname: A", "format is 'other/1'"),
        ("x" * 1_000_001, "larger than"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(content: str, message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        files.read(content)
