"""The rows of every table that a block of customers fills, in COPY's binary form where they are many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crm.demo.simulate import keys
from crm.demo.simulate.binary import (
    Column,
    dates,
    integers,
    longs,
    money,
    null,
    text,
    texts,
    times,
    uuids,
)
from crm.demo.simulate.blocks import Block, Bools, Ints
from crm.demo.simulate.lines import lines, lines_of
from crm.demo.simulate.place import Place, Rows, packed
from crm.demo.simulate.rollups import rollups
from crm.demo.simulate.touches import touches

DAY = 86_400_000_000
SILENCE = 180 * DAY
ORDER_CHANNELS = np.array([b"store", b"phone", b"email"])
REACHED = {0: "first_time_buyer", 1: "repeat_buyer", 4: "client"}
"""The stage that the order of this number leads to."""

LABEL = "simulation"


def tables(place: Place, block: Block) -> Iterator[Rows]:
    """All that a block fills but its customers, in an order in which what is referred to comes first."""
    yield identities(place, block)
    yield orders(place, block)
    sold = lines_of(place, block)
    yield lines(place, block, sold)
    yield from rollups(place, block, sold)
    yield acquisition_costs(place, block)
    yield from touches(place, block)
    yield from moves(place, block)
    yield from relationships(place, block)
    yield memberships(place, block)


def identities(place: Place, block: Block) -> Rows:
    """Each customer's number in the simulated source; e-mail addresses stand with the customers, being text."""
    number = np.char.zfill(block.numbers.astype("S9"), 9)
    columns = place.common(keys.IDENTITY, block.numbers) | {
        "kind": text("EXTERNAL"),
        "source": text(place.source),
        "value": texts(number),
        "normalized": texts(number),
        "is_primary": _flag(True),
    }
    return packed("identity", columns, len(number))


def _flag(value: bool) -> Column:
    out = np.zeros(1, dtype=np.dtype([("length", ">i4"), ("value", ">i1")]))
    out["length"], out["value"] = 1, value
    return out


def orders(place: Place, block: Block) -> Rows:
    made = block.orders
    one = money(np.array([100]))
    columns = place.common(keys.ORDER, made.customer, made.number) | {
        "version": integers(np.array([1])),
        "source": text(place.source),
        "reference": null(),
        "status": text("COMPLETED"),
        "placed_at": times(made.placed),
        "amount": money(made.amount),
        "list_amount": money(made.list_amount),
        "refunded": money(made.refunded),
        "cost_of_goods": money(made.cost),
        "currency": text(place.currency),
        "exchange_rate": one,
        "base_amount": money(made.amount),
        "base_cost": money(made.cost),
        "channel": texts(ORDER_CHANNELS[made.channel]),
        "quantity": integers(made.quantity),
    }
    return packed("order", columns, len(made.customer))


def acquisition_costs(place: Place, block: Block) -> Rows:
    amount = money(block.acquisition_cost)
    columns = place.common(keys.COST, block.numbers) | {
        "version": integers(np.array([1])),
        "activity": text("ACQUISITION"),
        "occurred_at": times(block.acquired),
        "amount": amount,
        "currency": text(place.currency),
        "exchange_rate": money(np.array([100])),
        "base_amount": amount,
    }
    return packed("cost_entry", columns, len(block.numbers))


@dataclass(frozen=True)
class _Steps:
    """Moves to one stage: whose, when, from where (none: the entry), after how long."""

    to: str
    start: str | None
    customer: Ints
    at: Ints
    since: Ints


def moves(place: Place, block: Block) -> Iterator[Rows]:
    """Every customer's way through the stages, and where it stands at the end."""
    if not place.stages:
        return
    steps = list(_steps(block, place.end_us))
    for number, step in enumerate(steps):
        count = len(step.customer)
        columns = place.common(keys.TRANSITION, step.customer, number) | {
            "lifecycle_id": uuids(place.lifecycle),
            "from_stage_id": uuids(place.stages[step.start]) if step.start else null(),
            "to_stage_id": uuids(place.stages[step.to]),
            "occurred_at": times(step.at),
            "dwell_seconds": longs((step.at - step.since) // 1_000_000) if step.start else null(),
            "cause": text("IMPORT"),
            "actor_kind": text("SYSTEM"),
            "actor_label": text(LABEL),
        }
        yield packed("stage_transition", columns, count)
    stands = np.zeros(len(block.numbers), dtype=np.int64)
    since = block.acquired.copy()
    for number, step in enumerate(steps):
        mine = step.customer - block.numbers[0]
        stands[mine], since[mine] = number, step.at
    stage = np.concatenate([place.stages[step.to] for step in steps])[stands]
    columns = place.common(keys.POSITION, block.numbers) | {
        "lifecycle_id": uuids(place.lifecycle),
        "stage_id": uuids(stage),
        "entered_at": times(since),
    }
    yield packed("stage_position", columns, len(block.numbers))


def _steps(block: Block, end_us: int) -> Iterator[_Steps]:
    made = block.orders
    yield _Steps("suspect", None, block.numbers, block.acquired, block.acquired)
    previous, since = "suspect", block.acquired.copy()
    stands = np.full(len(block.numbers), "suspect", dtype=object)
    for number, stage in REACHED.items():
        mine = made.number == number
        customer, at = made.customer[mine], made.placed[mine]
        own = customer - block.numbers[0]
        yield _Steps(stage, previous, customer, at, since[own])
        since[own], stands[own], previous = at, stage, stage
    last = np.maximum.reduceat(made.placed, np.flatnonzero(made.number == 0))
    for stage in REACHED.values():
        mine = np.flatnonzero((stands == stage) & (last + SILENCE < end_us))
        yield _Steps("dormant", stage, block.numbers[mine], last[mine] + SILENCE, since[mine])


def relationships(place: Place, block: Block) -> Iterator[Rows]:
    for number, (kind, other) in enumerate((("EMPLOYED_BY", block.employer), ("REFERRED_BY", block.referrer))):
        mine: Bools = other >= 0
        columns = place.common(keys.RELATIONSHIP, block.numbers[mine], number) | {
            "version": integers(np.array([1])),
            "related_id": place.customer(other[mine]),
            "kind": text(kind),
            "since": dates(block.acquired[mine]),
        }
        yield packed("relationship", columns, int(mine.sum()))


def memberships(place: Place, block: Block) -> Rows:
    mine = block.subscribed
    columns = place.common(keys.MEMBERSHIP, block.numbers[mine]) | {
        "segment_id": uuids(place.segment),
        "entered_at": times(block.acquired[mine]),
        "entry_cause": text("MANUAL"),
        "rule_version": integers(np.array([0])),
    }
    return packed("segment_membership", columns, int(mine.sum()))
