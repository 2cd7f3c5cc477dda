"""How good the data of customers are: complete, reachable, fresh; and where each value came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor, Scope, need
from crm.changes import missing
from crm.database import fetch_read
from crm.ids import PREFIXES, encode
from crm.lifecycle.guards import Rule
from crm.lifecycle.reports.frame import Audience, audience
from crm.lifecycle.reports.reading import fetch_wide
from models import Customer

FRESH_DAYS = 730
"""A customer of whom nothing was heard or changed for two years has nothing left of its freshness."""

WEIGHTS = {"completeness": 0.4, "reachability": 0.4, "freshness": 0.2}

# What is expected to be known, with its SQL; the last two depend on the kind of customer.
EXPECTED: dict[str, str] = {
    "language": "c.language IS NOT NULL",
    "country": "c.country IS NOT NULL",
    "city": "c.city IS NOT NULL",
    "owner": "c.owner_id IS NOT NULL",
    "acquisitionSource": "c.acquisition_source IS NOT NULL",
    "givenName": "c.kind = 'ORGANIZATION' OR c.given_name IS NOT NULL",
    "familyName": "c.kind = 'ORGANIZATION' OR c.family_name IS NOT NULL",
    "organizationName": "c.kind = 'PERSON' OR c.organization_name IS NOT NULL",
}
_KNOWN = " + ".join(f"({test})::int" for test in EXPECTED.values())

_SCORED = f"""
SELECT c.id, c.owner_id, c.acquisition_source,
       ({_KNOWN})::float8 / {len(EXPECTED)} AS completeness,
       (coalesce(i.email, 0) + coalesce(i.phone, 0))::float8 / 2 AS reachability,
       greatest(0, 1 - extract(epoch FROM $1::timestamptz - greatest(c.updated_at, t.last_at))::float8
                       / (86400.0 * {FRESH_DAYS})) AS freshness,
       i.email = 1 AS email, i.phone = 1 AS phone,
       coalesce(i.identities, 0) AS identities, coalesce(i.verified, 0) AS verified
FROM customer c
LEFT JOIN (SELECT customer_id, max((kind = 'EMAIL')::int) AS email, max((kind = 'PHONE')::int) AS phone,
                  count(*) AS identities, count(verified_at) AS verified
           FROM identity{{mine}} GROUP BY customer_id) i ON i.customer_id = c.id
LEFT JOIN (SELECT customer_id, max(occurred_at) AS last_at FROM interaction{{mine}} GROUP BY customer_id) t
       ON t.customer_id = c.id
"""  # noqa: S608 - constants
_SCORE = " + ".join(f"{weight} * {part}" for part, weight in WEIGHTS.items())


@dataclass(frozen=True, slots=True)
class Quality:
    """The data of one customer: `score` from 0 to 100 out of parts from 0 to 1, and what is missing by name.

    Completeness is the share of expected fields that are known; reachability half each for an e-mail address and a
    phone number; freshness falls to 0 over two years since the last change or contact.
    """

    score: float
    completeness: float
    reachability: float
    freshness: float
    identities: int
    verified: int
    missing: list[str]


_LACKS = ", ".join(f"'{name}', {test}" for name, test in EXPECTED.items())
_ONE = f"""
SELECT q.*, 100 * ({_SCORE}) AS score,
       (SELECT jsonb_build_object({_LACKS}) FROM customer c WHERE c.id = q.id)::text AS known
FROM ({_SCORED.format(mine=" WHERE customer_id = $2")} WHERE c.id = $2 AND {{who}}) q
"""  # noqa: S608 - constants


async def of_customer(actor: Actor, customer_id: UUID, *, now: datetime) -> Quality:
    """The quality of one customer's data. Raises NotFound, Forbidden."""
    need(actor, Scope.CUSTOMER_READ)
    who = await audience(actor, None, first_parameter=3)
    rows = await fetch_read(_ONE.format(who=who.condition), now, customer_id, *who.values)
    if not rows:
        raise missing(Customer, customer_id)
    row = rows[0]
    known = orjson.loads(row["known"])
    lacking = [name for name in EXPECTED if not known[name]] + [name for name in ("email", "phone") if not row[name]]
    return Quality(
        float(row["score"]),
        row["completeness"],
        row["reachability"],
        float(row["freshness"]),
        row["identities"],
        row["verified"],
        lacking,
    )


class QualityGroup(StrEnum):
    """By source, by owner, by who created the customer, or by the import that did (none: it was no import)."""

    NONE = "NONE"
    SOURCE = "SOURCE"
    OWNER = "OWNER"
    CREATOR = "CREATOR"
    IMPORT = "IMPORT"


@dataclass(frozen=True, slots=True)
class QualityReport:
    """One group: averages of its customers, and how many cannot be reached or lie below half of the score."""

    group: str | None
    customers: int
    score: float
    completeness: float
    reachability: float
    freshness: float
    unreachable: int
    poor: int


_CREATED = " LEFT JOIN audit_entry a ON a.noun_id = q.id AND a.action = 'customer.created'"
_IMPORT = PREFIXES["import_run"] + r"\_%"
_LABELS = {
    QualityGroup.NONE: ("NULL::text", ""),
    QualityGroup.SOURCE: ("q.acquisition_source::text", ""),
    QualityGroup.OWNER: ("q.owner_id::text", ""),
    QualityGroup.CREATOR: ("a.actor_label::text", _CREATED),
    QualityGroup.IMPORT: (f"CASE WHEN a.request_id LIKE '{_IMPORT}' THEN a.request_id END", _CREATED),
}
_REPORT = """
SELECT {label} AS label, count(*) AS customers, avg(100 * ({score}))::float8 AS score,
       avg(completeness)::float8 AS completeness, avg(reachability)::float8 AS reachability,
       avg(freshness)::float8 AS freshness, count(*) FILTER (WHERE reachability = 0) AS unreachable,
       count(*) FILTER (WHERE 100 * ({score}) < 50) AS poor
FROM ({scored} WHERE c.archived_at IS NULL AND {who}) q{joins}
GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST
"""


async def report(
    actor: Actor, *, now: datetime, group: QualityGroup = QualityGroup.NONE, where: Rule | None = None
) -> list[QualityReport]:
    """The quality of customers' data by group, the largest first. Raises RuleInvalid, Forbidden."""
    need(actor, Scope.CUSTOMER_READ)
    who = await audience(actor, where, first_parameter=2)
    rows = await fetch_wide(_statement(group, who), now, *who.values)
    return [_report(row, group) for row in rows]


def _statement(group: QualityGroup, who: Audience) -> str:
    label, joins = _LABELS[group]
    return _REPORT.format(label=label, joins=joins, score=_SCORE, scored=_SCORED.format(mine=""), who=who.condition)


def _report(row: Any, group: QualityGroup) -> QualityReport:
    values = dict(row)
    label = values.pop("label")
    owner = group is QualityGroup.OWNER and label
    return QualityReport(encode("stf", label) if owner else label, **values)


# -- provenance ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the value of one field came from: when it was last written, by what action, by whom, in which import."""

    field: str
    at: datetime
    action: str
    actor_kind: str
    actor: str
    import_id: str | None


_PROVENANCE = f"""
SELECT DISTINCT ON (field.name) field.name AS field, a.created_at AS at, a.action, a.actor_kind, a.actor_label AS actor,
       CASE WHEN a.request_id LIKE '{_IMPORT}' THEN a.request_id END AS import_id
FROM audit_entry a CROSS JOIN LATERAL jsonb_object_keys(a.changes) AS field(name)
WHERE a.noun = 'customer' AND a.noun_id = $1
ORDER BY field.name, a.created_at DESC, a.id DESC
"""  # noqa: S608 - constants


async def provenance(actor: Actor, customer_id: UUID) -> list[Provenance]:
    """Field by field, who wrote the value that a customer has now; custom fields count as one.

    Raises NotFound, Forbidden.
    """
    need(actor, Scope.CUSTOMER_READ, Scope.AUDIT_READ)
    who = await audience(actor, None, first_parameter=2)
    seen = f"SELECT 1 FROM customer c WHERE c.id = $1 AND {who.condition}"  # noqa: S608 - compiled by crm.rules
    if not await fetch_read(seen, customer_id, *who.values):
        raise missing(Customer, customer_id)
    return [Provenance(**dict(row)) for row in await fetch_read(_PROVENANCE, customer_id)]
