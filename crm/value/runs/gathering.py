"""Everything that a run looks at, of one moment of the database: the book of everybody, and who brought whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from crm.database import execute, fetch_value
from crm.value.arrays import Ints
from crm.value.assumptions import Assumptions
from crm.value.book import Book
from crm.value.runs import baskets, network
from crm.value.runs.copying import copied
from crm.value.runs.inputs import Moment, arguments_of, book_of, book_statement, bought_until
from crm.value.runs.lanes import Job, all_done

SHARES = 6
"""Parts that everybody is read in: enough that two lanes end at about the same time."""
FEW = 50_000
"""Customers who are read in one go."""
# One lane may wait for the other; workers of PostgreSQL's own would only take the processors from them.
ROOM = (
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL jit = off; "
    "SET LOCAL max_parallel_workers_per_gather = 0"
)
# A million groups in the order of the covering index beat hash tables that do not fit their memory, and what is merged
# in that order needs no sorting at the end. Just after a large import there are no statistics, and joins by loops look
# cheap.
_MERGING = (
    "SET LOCAL work_mem = '64MB'; SET LOCAL enable_hashagg = off; SET LOCAL enable_hashjoin = off; "
    "SET LOCAL enable_nestloop = off"
)
_HASHING = (
    "SET LOCAL work_mem = '64MB'; SET LOCAL enable_hashagg = on; SET LOCAL enable_hashjoin = on; "
    "SET LOCAL enable_nestloop = off"
)
# The statistics know the keys well enough to cut them in parts; without any nobody is cut.
_CUTS = """
SELECT ARRAY(SELECT bounds[1 + (share * (cardinality(bounds) - 1))::int] FROM unnest($2::float8[]) share)
FROM (SELECT histogram_bounds::text::uuid[] AS bounds FROM pg_stats
      WHERE schemaname = ANY(current_schemas(false)) AND tablename = 'customer' AND attname = 'id') s, pg_class c
WHERE c.oid = 'customer'::regclass AND c.reltuples > $1 AND cardinality(bounds) > 10
"""


@dataclass(frozen=True)
class Share:
    """The customers from one key up to another, which is not of them; None: without end."""

    low: UUID | None
    high: UUID | None

    async def rows(self, bought: str, arguments: Sequence[Any]) -> NDArray[np.void]:
        """What is known of each, in the order of their keys; bought: DAYS or TOTALS."""
        bounds = [(sign, key) for sign, key in ((">=", self.low), ("<", self.high)) if key is not None]
        first = len(arguments) + 1
        within = {
            part: "".join(f" AND {column} {sign} ${first + at}" for at, (sign, _) in enumerate(bounds))
            for part, column in (("only", "customer_id"), ("some", "c.id"), ("prior", "p.customer_id"))
        }
        return await copied(book_statement(bought, **within), [*arguments, *(key for _, key in bounds)])


async def shares(count: int = SHARES) -> list[Share]:
    """Everybody in so many shares of about the same size, in the order of their keys; in one where they are few."""
    cuts: list[UUID] | None = await fetch_value(_CUTS, FEW, [at / count for at in range(1, count)])
    return [Share(low, high) for low, high in pairwise([None, *(cuts or []), None])]


async def gather(
    moment: Moment, assumed: Assumptions, *, early_end: int | None, prior_run: UUID | None
) -> tuple[Book, Ints]:
    """The book of everybody at a moment, and the place of who brought each; inside the caller's transaction."""
    arguments = arguments_of(moment, assumed, prior_run)
    parts, bought = await shares(), await bought_until(moment)
    rows: list[Any] = [None] * len(parts)
    found: dict[str, Any] = {}

    async def part(number: int) -> None:
        await execute(_MERGING)
        rows[number] = await parts[number].rows(bought, arguments)

    async def surroundings() -> None:
        await execute(_HASHING)
        found["baskets"] = await baskets.everybody(moment, assumed)
        found["links"] = await network.everybody(moment.day)

    # The longest job first, or one lane would wait for it at the end.
    jobs: list[Job] = [surroundings, *(partial(part, number) for number in range(len(parts)))]
    await all_done(jobs, ROOM)
    book = await book_of(_together(rows), moment, assumed, early_end)
    return found["baskets"].of(book), found["links"].places(book)


def _together(parts: list[NDArray[np.void]]) -> NDArray[np.void]:
    """The parts one after the other; they are used up, for all of them twice would take too much memory."""
    whole = parts[0]
    if len(parts) == 1:
        return whole
    whole = np.empty(sum(map(len, parts)), dtype=whole.dtype)
    at = 0
    for number, part in enumerate(parts):
        whole[at : at + len(part)] = part
        at += len(part)
        parts[number] = part[:0].copy()
    return whole
