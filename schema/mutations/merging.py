"""The mutation that merges duplicates."""

import strawberry
from strawberry.scalars import JSON

import models
from crm import ids, merging
from schema.customers import Customer
from schema.mutations.support import (
    Info,
    Payload,
    VersionedInput,
    actor,
    idempotency_key,
    mutation,
    optional_value,
    written,
)


@strawberry.input(description="Whose value of a field survives.")
class MergeChoiceInput:
    field: str = strawberry.field(description="As in the API: `country`; a custom one is `customFields.tier`.")
    customer_id: strawberry.ID


@strawberry.input
class CustomerMergeInput:
    survivor_id: strawberry.ID
    expected_version: int = strawberry.field(description="The version of the survivor that you saw.")
    absorbed: list[VersionedInput] = strawberry.field(description="The duplicates, up to 20.")
    choices: list[MergeChoiceInput] = strawberry.field(
        default_factory=list, description="For other fields the survivor's own values stay, and gaps are filled."
    )
    furthest_stage: bool = strawberry.field(
        default=False, description="Move the survivor on to the stage of whoever had come the furthest."
    )
    dry_run: bool = strawberry.field(default=False, description="Only tell what would happen.")
    idempotency_key: str | None = strawberry.UNSET


@strawberry.type(description="Rows of a kind that the survivor got.")
class MergeMoved:
    noun: str
    count: int


@strawberry.type(description="What one of the merged says about a field.")
class MergeCandidate:
    customer_id: strawberry.ID
    value: JSON


@strawberry.type(description="A field about which the merged say different things.")
class MergeConflict:
    field: str
    kept: JSON | None
    kept_from: strawberry.ID
    candidates: list[MergeCandidate]


@strawberry.type
class CustomerMergePayload(Payload):
    merged: bool = strawberry.field(default=False, description="False on a dry run, and when it was done before.")
    moved: list[MergeMoved] = strawberry.field(default_factory=list)
    conflicts: list[MergeConflict] = strawberry.field(default_factory=list)

    customer: Customer | None = written(models.Customer)


def _conflict(source: merging.Conflict) -> MergeConflict:
    said = [MergeCandidate(customer_id=_id(key), value=value) for key, value in source.candidates.items()]
    return MergeConflict(field=source.field, kept=source.kept, kept_from=_id(source.kept_from), candidates=said)


def _id(key: object) -> strawberry.ID:
    return strawberry.ID(f"cus_{key}")


@strawberry.type
class MergingMutations:
    @mutation(
        CustomerMergePayload,
        "Let duplicates become part of one customer, who gets all that is theirs; their ids lead to it from then on. "
        "Needs customer:write, pii:read, order:write, interaction:write.",
    )
    async def customer_merge(self, info: Info, input: CustomerMergeInput) -> CustomerMergePayload:
        choices = [
            merging.Choice(one.field, ids.decode("cus", one.customer_id, path=("choices", str(n), "customerId")))
            for n, one in enumerate(input.choices)
        ]
        absorbed = [
            merging.Absorbed(ids.decode("cus", one.id, path=("absorbed", str(n), "id")), one.expected_version)
            for n, one in enumerate(input.absorbed)
        ]
        found = await merging.merge(
            actor(info),
            ids.decode("cus", input.survivor_id, path=("survivorId",)),
            absorbed,
            now=info.context.now,
            expected_version=input.expected_version,
            choices=choices,
            furthest_stage=input.furthest_stage,
            dry_run=input.dry_run,
            idempotency_key=idempotency_key(info, optional_value(input.idempotency_key)),
        )
        return CustomerMergePayload(
            key=found.survivor_id,
            merged=found.changed and not input.dry_run,
            moved=[MergeMoved(noun=noun, count=count) for noun, count in found.moved.items()],
            conflicts=[_conflict(one) for one in found.conflicts],
        )
