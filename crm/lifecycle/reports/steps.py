"""Where customers stood at the ends of periods, by one pass over history: the ground of matrix and churn.

At an end counts the stage that the moves before it led to. A stay, from entering a stage to leaving it, covers the
ends from `first` to `last`, counted from 1; stays that cover none are left out, so the next row of a customer is where
it stood at the next end.
"""

from __future__ import annotations

STEPS = """
WITH stay AS (
    SELECT t.customer_id, t.to_stage_id, t.occurred_at, t.id,
           width_bucket(t.occurred_at, $2::timestamptz[]) + 1 AS first,
           coalesce(
               width_bucket(lead(t.occurred_at) OVER (PARTITION BY t.customer_id ORDER BY t.occurred_at, t.id),
                            $2::timestamptz[]),
               cardinality($2::timestamptz[])) AS last
    FROM stage_transition t{customers}
    WHERE t.lifecycle_id = $1 AND t.occurred_at < ($2::timestamptz[])[cardinality($2::timestamptz[])] AND {who}
), step AS (
    SELECT customer_id, to_stage_id AS start_id, first, last,
           lead(to_stage_id) OVER (PARTITION BY customer_id ORDER BY occurred_at, id) AS next_id
    FROM stay WHERE first <= last
)
"""
