"""Segments by rule: who may define them, what is refused, what a new rule would change, who depends on them."""

from __future__ import annotations

import pytest

from crm import custom_fields, dependents
from crm.access import Scope
from crm.errors import Blocked, DuplicateFound, Forbidden, ValidationFailed, VersionConflict
from crm.rules.faults import RuleInvalid
from crm.rules.json_form import from_json
from crm.rules.printer import to_text
from crm.rules.text import parse
from crm.segments import definitions, refresh, versions
from models import Event, FieldType, Segment, SegmentKind, SegmentMembership, SegmentVersion
from tests.crm.segments_world import dynamic, members, moves
from tests.factories import NOW, OWNER, actor, customer, everything_but, order, segment

IRANIANS = 'country = "IR"  # from home'


async def test_a_dynamic_segment_has_its_members_at_once_with_cause_and_version(db: str) -> None:
    await customer("Sara", country="IR")
    await customer("Ali", country="DE")
    made = await dynamic("home", IRANIANS)
    stay = await SegmentMembership.get(segment_id=made.id)
    assert await members("home") == {"Sara"}
    assert (stay.entry_cause, stay.rule_version, stay.entered_at) == ("RULE_CHANGED", 1, NOW)
    assert (made.size, made.evaluated_at, made.evaluation_error, made.evaluated_version) == (1, NOW, None, 1)


async def test_both_forms_are_kept_the_text_as_it_was_written(db: str) -> None:
    made = await dynamic("home", IRANIANS)
    assert made.rule_text == IRANIANS
    assert made.rule is not None
    assert from_json(made.rule) == parse(IRANIANS)
    assert parse(to_text(from_json(made.rule))) == parse(IRANIANS)


async def test_a_rule_given_as_tree_gets_a_text(db: str) -> None:
    made = await definitions.create_by_rule(
        OWNER, key="home", kind=SegmentKind.DYNAMIC, rule={"country": {"eq": "IR"}}, fields={}, now=NOW
    )
    assert made.rule_text == 'country = "IR"'


async def test_entries_and_exits_are_told_as_events(db: str) -> None:
    sara = await customer("Sara", country="IR")
    made = await dynamic("home", IRANIANS)
    told = await Event.get(type="segment.entered")
    assert (told.noun, told.noun_id, told.customer_id) == ("segment", made.id, sara.id)
    assert told.data == {"segment": "home", "cause": "RULE_CHANGED", "ruleVersion": 1}


async def test_archived_customers_are_in_no_dynamic_segment_unless_it_asks_for_them(db: str) -> None:
    sara = await customer("Sara", country="IR")
    sara.archived_at = NOW
    await sara.save()
    await dynamic("home", IRANIANS)
    await dynamic("gone", "archivedAt is not empty")
    assert (await members("home"), await members("gone")) == (set(), {"Sara"})


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ('cuntry = "IR"', "Line 1, column 1: 'cuntry' is not a field of 'customer'. Did you mean 'country'"),
        ('country >= "IR"', "does not fit"),
        ("", "empty"),
        ('in segment "nobody"', "There is no segment 'nobody'"),
        ('in segment "mine"', "cannot ask for its own members"),
    ],
)
async def test_a_rule_that_cannot_be_asked_is_refused_with_its_place(db: str, rule: str, wrong: str) -> None:
    with pytest.raises(RuleInvalid, match=wrong) as refused:
        await dynamic("mine", rule)
    assert refused.value.path[0] == "rule"
    assert not await Segment.exists()


async def test_a_thousand_nested_nots_are_refused(db: str) -> None:
    with pytest.raises(RuleInvalid, match="nest at most"):
        await dynamic("deep", "not " * 1000 + 'country = "IR"')


async def test_a_rule_over_what_the_author_may_not_read_is_refused(db: str) -> None:
    author = actor(Scope.SEGMENT_WRITE, Scope.CUSTOMER_READ)
    with pytest.raises(Forbidden) as refused:
        await definitions.create_by_rule(
            author, key="rich", kind=SegmentKind.DYNAMIC, rule="valueMetrics.clv > 5", fields={}, now=NOW
        )
    assert refused.value.missing_scope == "value:read"
    assert not await Segment.exists()


async def test_without_the_scope_nothing_is_made(db: str) -> None:
    with pytest.raises(Forbidden):
        await definitions.create_by_rule(
            everything_but(Scope.SEGMENT_WRITE), key="a", kind=SegmentKind.DYNAMIC, rule=IRANIANS, fields={}, now=NOW
        )
    assert not await Segment.exists()


async def test_keys_are_unique(db: str) -> None:
    await segment("vip")
    with pytest.raises(DuplicateFound):
        await dynamic("vip", IRANIANS)


async def test_a_circle_of_segments_is_refused_and_its_way_told(db: str) -> None:
    a = await dynamic("a", IRANIANS)
    await dynamic("b", 'in segment "a"')
    await dynamic("c", 'not in segment "b"')
    with pytest.raises(RuleInvalid, match="a → c → b → a"):
        await versions.change(OWNER, a.id, 'in segment "c"', expected_version=1, now=NOW)
    assert (await Segment.get(id=a.id)).rule_version == 1


async def test_a_new_rule_shows_what_it_would_change_and_changes_nothing(db: str) -> None:
    sara, ali = await customer("Sara", country="IR"), await customer("Ali", country="DE")
    made = await dynamic("home", IRANIANS)
    shown = await versions.difference(OWNER, made.id, 'country = "DE"', now=NOW)
    assert (shown.entering, shown.leaving, shown.staying) == (1, 1, 0)
    assert (shown.entering_examples, shown.leaving_examples) == ([ali.id], [sara.id])
    assert (await members("home"), (await Segment.get(id=made.id)).rule_version) == ({"Sara"}, 1)


async def test_a_new_rule_is_a_new_version_and_moves_members_because_of_it(db: str) -> None:
    await customer("Sara", country="IR")
    await customer("Ali", country="DE")
    made = await dynamic("home", IRANIANS)
    await versions.change(OWNER, made.id, 'country = "DE"', expected_version=1, now=NOW)
    await refresh.soon(OWNER, made.id, now=NOW)
    assert await moves("home") == [("Sara", "RULE_CHANGED", "RULE_CHANGED"), ("Ali", "RULE_CHANGED", None)]
    kept = await SegmentVersion.filter(segment_id=made.id).order_by("number")
    assert [(one.number, one.rule_text, one.entered, one.exited) for one in kept] == [
        (1, IRANIANS, 1, 0),
        (2, 'country = "DE"', 1, 1),
    ]


async def test_a_rule_is_changed_only_from_the_version_that_was_seen(db: str) -> None:
    made = await dynamic("home", IRANIANS)
    with pytest.raises(VersionConflict):
        await versions.change(OWNER, made.id, 'country = "DE"', expected_version=7, now=NOW)
    assert await SegmentVersion.all().count() == 1


async def test_a_snapshot_takes_its_members_once(db: str) -> None:
    await customer("Sara", country="IR")
    frozen = await dynamic("then", IRANIANS, kind=SegmentKind.SNAPSHOT)
    await customer("Reza", country="IR")
    await refresh.ask(OWNER, frozen.id, now=NOW)
    assert await members("then") == {"Sara"}
    with pytest.raises(ValidationFailed, match="only the rule of a DYNAMIC"):
        await versions.change(OWNER, frozen.id, 'country = "DE"', expected_version=None, now=NOW)


async def test_a_segment_that_others_depend_on_is_not_archived(db: str) -> None:
    home = await dynamic("home", IRANIANS)
    child = await dynamic("buyers", 'in segment "home" and orders.some()')
    with pytest.raises(Blocked, match="in use by segment 'buyers'"):
        await definitions.archive(OWNER, home.id, expected_version=1, now=NOW)
    assert [user.name for user in await dependents.users_of_segment("home")] == ["buyers"]
    await definitions.archive(OWNER, child.id, expected_version=1, now=NOW)
    assert (await definitions.archive(OWNER, home.id, expected_version=1, now=NOW)).archived_at == NOW


async def test_a_restored_segment_is_evaluated_anew(db: str) -> None:
    home = await dynamic("home", IRANIANS)
    await definitions.archive(OWNER, home.id, expected_version=None, now=NOW)
    await customer("Sara", country="IR")
    await definitions.restore(OWNER, home.id, expected_version=None, now=NOW)
    await refresh.soon(OWNER, home.id, now=NOW)
    assert await members("home") == {"Sara"}


async def test_a_custom_field_in_use_is_not_archived_and_members_stay(db: str) -> None:
    field = await custom_fields.define(OWNER, key="tier", type=FieldType.CHOICE, fields={"choices": ["gold", "tin"]})
    await customer("Sara", custom_fields={"tier": "gold"})
    await dynamic("golden", 'customFields.tier = "gold"')
    with pytest.raises(Blocked, match="segment 'golden'"):
        await custom_fields.archive(OWNER, field.id, expected_version=1, now=NOW)
    with pytest.raises(Blocked, match="golden"):
        await custom_fields.update(OWNER, field.id, expected_version=1, fields={"choices": ["tin"]})
    assert await members("golden") == {"Sara"}


async def test_a_broken_rule_keeps_the_last_good_members_and_says_so(db: str) -> None:
    field = await custom_fields.define(OWNER, key="tier", type=FieldType.TEXT, fields={})
    await customer("Sara", custom_fields={"tier": "gold"})
    made = await dynamic("golden", 'customFields.tier = "gold"')
    field.archived_at = NOW  # past the use case, as an older version could have done
    await field.save()
    await refresh.ask(OWNER, made.id, now=NOW)
    broken = await Segment.get(id=made.id)
    assert await members("golden") == {"Sara"}
    assert "There is no custom field 'tier'" in (broken.evaluation_error or "")
    assert broken.stale_after == NOW


async def test_a_custom_field_is_not_called_like_a_word_of_the_rule_language(db: str) -> None:
    with pytest.raises(ValidationFailed, match="rule language"):
        await custom_fields.define(OWNER, key="some", type=FieldType.TEXT, fields={})


async def test_orders_are_counted_for_everybody_at_once(db: str) -> None:
    sara = await customer("Sara")
    await customer("Ali")
    await order(sara, "10", days_ago=3)
    await order(sara, "10", days_ago=5)
    await dynamic("busy", "orders.count(last 90 days) >= 2")
    await dynamic("idle", "orders.count(last 90 days) < 2")
    assert (await members("busy"), await members("idle")) == ({"Sara"}, {"Ali"})
