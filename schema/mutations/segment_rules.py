"""Mutations of segments by rule: changing the rule, evaluating, restoring, installing the library."""

import strawberry

import models
from crm import ids
from crm.segments import definitions, library, refresh, versions
from schema.mutations.support import Info, Payload, VersionedInput, actor, mutation, written
from schema.reports.rule_input import chosen_rule
from schema.scalars import Rule
from schema.segments import Segment


@strawberry.input(description="A new rule, as tree or as text.")
class SegmentRuleChangeInput(VersionedInput):
    rule: Rule | None = strawberry.UNSET
    rule_text: str | None = strawberry.UNSET
    dry_run: bool = strawberry.field(default=False, description="Only tell what the rule would change.")


@strawberry.input
class SegmentLibraryInstallInput:
    groups: list[str] = strawberry.field(description="RFM, TIERS, STRATEGIC, NEEDS, BEHAVIOUR.")


@strawberry.type(description="What a rule would change; the numbers are null when counting took too long.")
class SegmentDifference:
    entering: int | None
    leaving: int | None
    staying: int | None
    entering_ids: list[strawberry.ID] = strawberry.field(description="Some who would come in.")
    leaving_ids: list[strawberry.ID] = strawberry.field(description="Some who would go out.")


@strawberry.type
class SegmentRulePayload(Payload):
    changed: bool = False
    difference: SegmentDifference | None = strawberry.field(
        default=None, description="With dryRun: what the rule would change."
    )

    segment: Segment | None = written(models.Segment)


@strawberry.type
class SegmentEvaluatePayload(Payload):
    entered: int | None = None
    exited: int | None = None
    pending: bool = strawberry.field(default=False, description="It takes longer and goes on in the background.")

    segment: Segment | None = written(models.Segment)


@strawberry.type
class SegmentLibraryPayload(Payload):
    segment_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    segment_keys: list[str] = strawberry.field(default_factory=list)


def _difference(found: versions.Difference) -> SegmentDifference:
    return SegmentDifference(
        entering=found.entering,
        leaving=found.leaving,
        staying=found.staying,
        entering_ids=[strawberry.ID(ids.encode("cus", key)) for key in found.entering_examples],
        leaving_ids=[strawberry.ID(ids.encode("cus", key)) for key in found.leaving_examples],
    )


@strawberry.type
class SegmentRuleMutations:
    @mutation(SegmentRulePayload, "Change a segment's rule, or see what that would change. Needs segment:write.")
    async def segment_rule_change(self, info: Info, input: SegmentRuleChangeInput) -> SegmentRulePayload:
        key = ids.decode("seg", input.id)
        rule, now = chosen_rule(input.rule, input.rule_text), info.context.now
        if input.dry_run:
            found = await versions.difference(actor(info), key, rule, now=now)
            return SegmentRulePayload(key=key, difference=_difference(found))
        await versions.change(actor(info), key, rule, expected_version=input.expected_version, now=now)
        await refresh.soon(actor(info), key, now=now)
        return SegmentRulePayload(key=key, changed=True)

    @mutation(SegmentEvaluatePayload, "Evaluate a dynamic segment for everybody, now. Needs segment:write.")
    async def segment_evaluate(self, info: Info, id: strawberry.ID) -> SegmentEvaluatePayload:
        key = ids.decode("seg", id)
        moved = await refresh.ask(actor(info), key, now=info.context.now)
        if moved is None:
            return SegmentEvaluatePayload(key=key, pending=True)
        return SegmentEvaluatePayload(key=key, entered=moved.entered, exited=moved.exited)

    @mutation(SegmentRulePayload, "Take an archived segment into use again. Needs segment:write.")
    async def segment_restore(self, info: Info, input: VersionedInput) -> SegmentRulePayload:
        key, now = ids.decode("seg", input.id), info.context.now
        await definitions.restore(actor(info), key, expected_version=input.expected_version, now=now)
        await refresh.soon(actor(info), key, now=now)
        return SegmentRulePayload(key=key, changed=True)

    @mutation(SegmentLibraryPayload, "Install groups of ready-made segments. Needs segment:write.")
    async def segment_library_install(self, info: Info, input: SegmentLibraryInstallInput) -> SegmentLibraryPayload:
        made = await library.install(actor(info), input.groups, now=info.context.now)
        return SegmentLibraryPayload(
            segment_ids=[strawberry.ID(ids.encode("seg", one.id)) for one in made],
            segment_keys=[one.key for one in made],
        )
