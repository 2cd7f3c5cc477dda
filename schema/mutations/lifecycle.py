"""Mutations of lifecycles: their definition, and moves of many customers."""

from typing import Any
from uuid import UUID

import strawberry

import models
from crm import ids
from crm.errors import ValidationFailed
from crm.lifecycle import bulk, definitions
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from crm.lifecycle.definitions import Change, Defined, Replacements
from schema.enums import StageOutcome
from schema.lifecycle import Lifecycle
from schema.mutations.support import (
    Info,
    Payload,
    VersionedInput,
    actor,
    given,
    mutation,
    optional_value,
    refuse_null,
    without,
    written,
)
from schema.scalars import Rule


@strawberry.input(description="A stage of a lifecycle.")
class StageInput:
    key: str
    name: str
    outcome: StageOutcome = StageOutcome.OPEN
    target_days: int | None = strawberry.field(default=None, description="Within how many days customers should go on.")
    initial: bool = False

    def read(self) -> StageDefinition:
        return StageDefinition(self.key, self.name, self.outcome, self.target_days, self.initial)


@strawberry.input(description="An allowed move between two stages, by their keys.")
class EdgeInput:
    start: str = strawberry.field(name="from")
    end: str = strawberry.field(name="to")
    guard: Rule | None = strawberry.field(default=None, description="A rule that a customer must satisfy, as a tree.")
    guard_text: str | None = strawberry.field(default=None, description="The same in words, instead of `guard`.")
    automatic: bool = strawberry.field(default=False, description="Customers move by themselves when the rule holds.")
    requires_reason: bool = False
    required_scope: str | None = None

    def read(self) -> EdgeDefinition:
        guard: Any = self.guard if self.guard is not None else self.guard_text
        return EdgeDefinition(self.start, self.end, guard, self.automatic, self.requires_reason, self.required_scope)


@strawberry.input
class LifecycleCreateInput:
    key: str
    name: str
    stages: list[StageInput]
    edges: list[EdgeInput] = strawberry.field(default_factory=list)


@strawberry.input(description="Which stage takes the customers of one that goes away.")
class ReplacementInput:
    stage: str
    replacement: str


@strawberry.input
class LifecycleRenameInput(VersionedInput):
    name: str


@strawberry.input
class LifecycleImportInput:
    content: str = strawberry.field(description="A file as lifecycleFile gives it: YAML or JSON.")
    expected_version: int | None = strawberry.UNSET
    replacements: list[ReplacementInput] = strawberry.field(default_factory=list)


@strawberry.input
class LifecycleRevertInput(VersionedInput):
    number: int = strawberry.field(description="The revision to go back to.")
    replacements: list[ReplacementInput] = strawberry.field(default_factory=list)


@strawberry.input(description="`id` is that of the lifecycle.")
class StageAddInput(VersionedInput):
    stage: StageInput
    before: str | None = strawberry.field(default=strawberry.UNSET, description="The stage that is to follow it.")


@strawberry.input(description="`id` is that of the lifecycle; a field left out stays as it is.")
class StageUpdateInput(VersionedInput):
    stage: str
    name: str | None = strawberry.UNSET
    outcome: StageOutcome | None = strawberry.UNSET
    target_days: int | None = strawberry.UNSET
    initial: bool | None = strawberry.UNSET


@strawberry.input(description="`id` is that of the lifecycle.")
class StagesReorderInput(VersionedInput):
    stages: list[str]


@strawberry.input(description="`id` is that of the lifecycle.")
class StageRemoveInput(VersionedInput):
    stage: str
    replacement: str | None = strawberry.field(default=strawberry.UNSET, description="Who takes its customers.")


@strawberry.input(description="`id` is that of the lifecycle.")
class StageEdgeSetInput(VersionedInput):
    edge: EdgeInput
    position: int | None = strawberry.field(
        default=strawberry.UNSET, description="From 1: when it is tried among automatic edges."
    )


@strawberry.input(description="`id` is that of the lifecycle.")
class StageEdgeRemoveInput(VersionedInput):
    start: str = strawberry.field(name="from")
    end: str = strawberry.field(name="to")


@strawberry.type
class LifecyclePayload(Payload):
    warnings: list[str] = strawberry.field(
        default_factory=list,
        description="What is allowed, but probably not meant: rounds of automatic moves, and such.",
    )
    lifecycle: Lifecycle | None = written(models.Lifecycle)


@strawberry.input(description="Customers by a list of ids, by a rule, or by a rule in words.")
class StageMoveManyInput:
    to: str
    customer_ids: list[strawberry.ID] | None = strawberry.UNSET
    where: Rule | None = strawberry.UNSET
    where_text: str | None = strawberry.UNSET
    lifecycle: str | None = strawberry.UNSET
    reason: str | None = strawberry.UNSET
    dry_run: bool = False
    limit: int | None = strawberry.field(
        default=strawberry.UNSET, description="Move at most so many, up to 10,000; repeat it until `left` is 0."
    )


@strawberry.type(description="Customers of one stage who stay, and why.")
class HeldCustomers:
    stage: str | None
    code: str
    message: str
    customers: int
    examples: list[strawberry.ID]


@strawberry.type
class StageMoveManyPayload(Payload):
    chosen: int = 0
    moved: int = strawberry.field(default=0, description="On a dry run, how many would move.")
    held: list[HeldCustomers] = strawberry.field(default_factory=list)
    left: int = strawberry.field(default=0, description="How many may move as well, beyond the limit that was given.")


def _defined(done: Defined) -> LifecyclePayload:
    return LifecyclePayload(key=done.lifecycle.id, warnings=done.warnings)


def _replacements(sent: list[ReplacementInput]) -> Replacements:
    return {each.stage: each.replacement for each in sent}


def _key(input: VersionedInput) -> UUID:
    return ids.decode("lif", input.id)


async def _change(
    info: Info, input: VersionedInput, alter: Change, replacements: Replacements | None = None
) -> LifecyclePayload:
    done = await definitions.change(
        actor(info),
        _key(input),
        alter,
        expected_version=input.expected_version,
        now=info.context.now,
        replacements=replacements,
    )
    return _defined(done)


@strawberry.type
class LifecycleMutations:
    @mutation(LifecyclePayload, "Define a lifecycle; the first one is the default. Needs lifecycle:write.")
    async def lifecycle_create(self, info: Info, input: LifecycleCreateInput) -> LifecyclePayload:
        stages, edges = tuple(each.read() for each in input.stages), tuple(each.read() for each in input.edges)
        return _defined(await definitions.create(actor(info), Definition(input.key, input.name, stages, edges)))

    @mutation(LifecyclePayload, "Give a lifecycle another name. Needs lifecycle:write.")
    async def lifecycle_rename(self, info: Info, input: LifecycleRenameInput) -> LifecyclePayload:
        return await _change(info, input, definitions.renamed(input.name))

    @mutation(LifecyclePayload, "Create or change a lifecycle as a file describes it. Needs lifecycle:write.")
    async def lifecycle_import(self, info: Info, input: LifecycleImportInput) -> LifecyclePayload:
        try:
            done = await definitions.take_in(
                actor(info),
                input.content,
                now=info.context.now,
                expected_version=optional_value(input.expected_version),
                replacements=_replacements(input.replacements),
            )
        except ValidationFailed as fault:  # of the file as a whole; others name the stage or edge inside
            fault.path = ("content",) if fault.path == ("file",) else fault.path
            raise
        return _defined(done)

    @mutation(LifecyclePayload, "Define a lifecycle again as it was in a revision. Needs lifecycle:write.")
    async def lifecycle_revert(self, info: Info, input: LifecycleRevertInput) -> LifecyclePayload:
        done = await definitions.revert(
            actor(info),
            _key(input),
            input.number,
            expected_version=input.expected_version,
            now=info.context.now,
            replacements=_replacements(input.replacements),
        )
        return _defined(done)

    @mutation(LifecyclePayload, "Let new customers enter this lifecycle. Needs lifecycle:write.")
    async def lifecycle_make_default(self, info: Info, input: VersionedInput) -> LifecyclePayload:
        path = await definitions.make_default(actor(info), _key(input), expected_version=input.expected_version)
        return LifecyclePayload(key=path.id)

    @mutation(LifecyclePayload, "Put a lifecycle aside; its history stays. Needs lifecycle:write.")
    async def lifecycle_archive(self, info: Info, input: VersionedInput) -> LifecyclePayload:
        return await _archive(info, input, restore=False)

    @mutation(LifecyclePayload, "Take an archived lifecycle up again. Needs lifecycle:write.")
    async def lifecycle_restore(self, info: Info, input: VersionedInput) -> LifecyclePayload:
        return await _archive(info, input, restore=True)

    @mutation(LifecyclePayload, "Add a stage. Needs lifecycle:write.")
    async def stage_add(self, info: Info, input: StageAddInput) -> LifecyclePayload:
        alter = definitions.with_stage(input.stage.read(), before=optional_value(input.before))
        return await _change(info, input, alter)

    @mutation(LifecyclePayload, "Change a stage's name, outcome, target, or make it the initial one.")
    async def stage_update(self, info: Info, input: StageUpdateInput) -> LifecyclePayload:
        fields = without(refuse_null(given(input), "name", "outcome", "initial"), "id", "expected_version", "stage")
        return await _change(info, input, definitions.stage_changed(input.stage, **fields))

    @mutation(LifecyclePayload, "Put the stages into another order. Needs lifecycle:write.")
    async def stages_reorder(self, info: Info, input: StagesReorderInput) -> LifecyclePayload:
        return await _change(info, input, definitions.stages_ordered(input.stages))

    @mutation(LifecyclePayload, "Remove a stage; one in use needs a replacement. Needs lifecycle:write.")
    async def stage_remove(self, info: Info, input: StageRemoveInput) -> LifecyclePayload:
        to = optional_value(input.replacement)
        return await _change(info, input, definitions.without_stage(input.stage), {input.stage: to} if to else None)

    @mutation(LifecyclePayload, "Add an edge, or put another in its place. Needs lifecycle:write.")
    async def stage_edge_set(self, info: Info, input: StageEdgeSetInput) -> LifecyclePayload:
        alter = definitions.with_edge(input.edge.read(), position=optional_value(input.position))
        return await _change(info, input, alter)

    @mutation(LifecyclePayload, "Remove an edge. Needs lifecycle:write.")
    async def stage_edge_remove(self, info: Info, input: StageEdgeRemoveInput) -> LifecyclePayload:
        return await _change(info, input, definitions.without_edge(input.start, input.end))

    @mutation(
        StageMoveManyPayload,
        "Move many customers, all in one step; who cannot move stays, and is counted. Needs stage:move.",
    )
    async def stage_move_many(self, info: Info, input: StageMoveManyInput) -> StageMoveManyPayload:
        listed = optional_value(input.customer_ids)
        keys = None
        if listed is not None:
            keys = [ids.decode("cus", one, path=("customerIds", str(n))) for n, one in enumerate(listed)]
        done = await bulk.move_many(
            actor(info),
            to=input.to,
            now=info.context.now,
            customer_ids=keys,
            rule=optional_value(input.where) or optional_value(input.where_text),
            lifecycle=optional_value(input.lifecycle),
            reason=optional_value(input.reason),
            dry_run=input.dry_run,
            limit=optional_value(input.limit),
        )
        held = [_held(each) for each in done.held]
        return StageMoveManyPayload(chosen=done.chosen, moved=done.moved, held=held, left=done.left)


async def _archive(info: Info, input: VersionedInput, *, restore: bool) -> LifecyclePayload:
    path = await definitions.archive(
        actor(info), _key(input), expected_version=input.expected_version, now=info.context.now, restore=restore
    )
    return LifecyclePayload(key=path.id)


def _held(held: bulk.Held) -> HeldCustomers:
    examples = [strawberry.ID(ids.encode("cus", key)) for key in held.examples]
    return HeldCustomers(
        stage=held.stage, code=held.code, message=held.message, customers=held.customers, examples=examples
    )
