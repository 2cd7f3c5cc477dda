"""What somebody meant who wrote a rule in another language's words: the way this one says it."""

from __future__ import annotations

import re

from crm.rules.tree import Operator

_ORDERS = "orders.count() >= 2"
_SPENT = "orders.sum(baseAmount, last 90 days) >= 1000"
_EMAIL = 'identities.some(kind = "EMAIL" and value contains "@example.com")'
_PHONE = 'identities.some(kind = "PHONE" and value starts with "+98")'
_NAMES = 'displayName contains "…"'
_RETURNED = "orders.last(placedAt) < 60 days ago"
_SPOKEN = "interactions.none(last 60 days)"

_CUSTOMER: dict[str, str] = {
    "age": "birthday < 30 years ago",
    "churn": "valueMetrics.churnRisk > 0.5",
    "complained": 'interactions.some(kind = "COMPLAINT")',
    "complaint": 'interactions.some(kind = "COMPLAINT")',
    "complaints": 'interactions.some(kind = "COMPLAINT")',
    "company": 'organizationName contains "…"',
    "contact": _SPOKEN,
    "contacted": _SPOKEN,
    "customer": "the field alone: a rule starts at the customer",
    "email": _EMAIL,
    "emailaddress": _EMAIL,
    "firstname": 'givenName = "…"',
    "firstorder": "orders.first(placedAt) within last 30 days",
    "lastcontact": _SPOKEN,
    "lastname": 'familyName = "…"',
    "lastorder": _RETURNED,
    "lastpurchase": _RETURNED,
    "mobile": _PHONE,
    "name": _NAMES,
    "ordercount": _ORDERS,
    "phone": _PHONE,
    "purchases": _ORDERS,
    "referred": "referrals.count() >= 1",
    "revenue": _SPENT,
    "rfm": 'valueMetrics.rfmGroup = "CHAMPION"',
    "salesperson": 'owner.name = "…"',
    "segment": 'in segment "…"',
    "spend": _SPENT,
    "spent": _SPENT,
    "surname": 'familyName = "…"',
    "tag": 'customFields.… or in segment "…"',
    "tags": 'customFields.… or in segment "…"',
    "type": 'kind = "ORGANIZATION"',
}


def meant(noun: str, word: str) -> str | None:
    """How a rule asks what this word, which is no field of the noun, is called elsewhere; None when it is unknown."""
    return _CUSTOMER.get(word.replace("_", "").casefold()) if noun == "customer" else None


WRITTEN: dict[Operator, str] = {
    Operator.EQ: "=",
    Operator.NE: "!=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.IN: "in",
    Operator.NOT_IN: "not in",
    Operator.STARTS_WITH: "starts with",
    Operator.ENDS_WITH: "ends with",
    Operator.IS_EMPTY: "is empty",
    Operator.ANNIVERSARY: "anniversary within",
}
"""Operators as the text form writes them; the others are written as they are called."""


def written(operator: Operator) -> str:
    return WRITTEN.get(operator, operator.value)


# What stands at the place of the fault, what stood before it → what to write. The first that fits is told.
_STRANGE: list[tuple[str, str, str]] = [
    (r"%", r"\d\s*$", "a share is a number from 0 to 1: write 0.5 for 50 %"),
    (r",\d{3}", r"\d$", "numbers have no signs between thousands: write 1000"),
    (r"[$€£¥﷼]", r"", "the currency follows the number by its code: 1000 USD"),
    (r"/", r"\d$", "dates are written year first: 2026-03-21"),
    (r"'|[‘’“”«]", r"", 'texts stand in straight double quotes: "Tehran"'),
    (r"&", r"", "write 'and'"),
    (r"\|", r"", "write 'or'"),
    (r"=", r"=\s*$", "equality is written with one ="),
    (r">", r"<$", "write !="),
    (r"!", r"", "write 'not' before the condition"),
    (r"(?i)(like|matches|includes|has)\b", r"\w\s+$", "texts are compared with =, contains, starts with, ends with"),
    (r"(?i)does\b", r"\w\s+$", 'write \'not\' before the condition: not city contains "…"'),
    (r"(?i)orders?\b|purchases?\b", r"(?i)\b(no|without)\s+$", "write orders.none(last 90 days)"),
    (r"(?i)stage\b", r"(?i)\bentered\s+$", 'write stageMoves.some(last 30 days, toStage = "…")'),
    (r"(?i)stage\b", r"(?i)\bleft\s+$", 'write stageMoves.some(last 30 days, fromStage = "…")'),
    (r"(?i)in\b|for\b", r"(?i)\bnot\s+\w+\s+$", "write for example interactions.none(last 60 days)"),
    (r"(?i)from\b", r"(?i)\bdropped\s+$",
     'write valueMetrics.previousRfmGroup = "CHAMPION" and valueMetrics.rfmChangedAt within last 30 days'),
    (r"[\d۰-۹]", r"(?i)\bwithin\s+$", "a window says its direction: last 7 days, next 7 days, this month"),
    (r'"', r"(?i)\bin\s+$", 'the values stand in parentheses: in ("Tehran", "Shiraz")'),
    (r'"', r'(?i)"\s+(or|and)\s+$', 'say the field again, or write in ("Tehran", "Shiraz")'),
    (r"(?i)yesterday|tomorrow", r"", "write a date such as 2026-03-21, or 1 day ago, 1 day ahead"),
    (r"(?i)(null|none|nil|missing)\b", r"(=|\bis|\bis\s+not)\s*$",
     "a missing value is asked with 'is empty' or 'is not empty'"),
    (r"[^\W\d]\w*\s*[.(]", r"(=|<|>)\s*$", "a field is compared with a value, never with another field"),
    (r"[^\W\d]\w*", r"(=|<|>|contains|with|(?i:segment|stage))\s*$", 'texts stand in quotes: "{}"'),
    (r"(?i)the\b", r"(?i)\bwithin\s+$", "write without 'the': last 7 days, next 7 days, this month"),
    (r"[\d۰-۹]", r"(?i)(\(|\bpast)\s*$", "a window says its direction: last 90 days, next 7 days"),
    (r"(?i)(last|this|previous)\b", r"(?i)\bin\s+$",
     "write createdAt within last 90 days, or orders.count(last 90 days) >= 2"),
    (r"(?i)(and|or)\b", r"(?i)(minute|hour|day|week|month|quarter|year)s?\s+$",
     'a comma stands between window and condition: orders.count(last 90 days, channel = "web")'),
    (r"(?i)(and\b|or\b|\)|$)", r"(?i)\.(some|none)\s*$", "parentheses follow, even empty ones: orders.some()"),
]  # fmt: skip


def way_out(text: str, position: int) -> str | None:
    """What to write instead of what stands at a place of a rule's text, where nothing of the kind may stand."""
    before, here = text[:position], text[position:]
    for strange, earlier, hint in _STRANGE:
        found = re.match(strange, here)
        if found and re.search(earlier, before[-60:]):
            return hint.format(found[0])
    return None
