"""The ready-made segments that follow from a rule: name, rule and where the idea comes from."""

from __future__ import annotations

from dataclasses import dataclass

RFM = "Hughes, Strategic Database Marketing (1994); cells named as in the R package rfm"
TIERS = "Zeithaml, Rust & Lemon, The Customer Pyramid, California Management Review 43(4) (2001)"
STRATEGIC = "Buttle & Maklan, Customer Relationship Management, 4th ed. (2019), strategically significant customers"


@dataclass(frozen=True, slots=True)
class Entry:
    """One segment of the library: installed under `key`, its rule as text, its idea from `source`."""

    key: str
    group: str
    name: str
    rule: str
    description: str
    source: str


def _rfm(key: str, name: str, rule: str, description: str) -> Entry:
    return Entry(f"rfm-{key}", "RFM", name, rule, description, RFM)


def _group(name: str) -> str:
    return f'valueMetrics.rfmGroup = "{name}"'


_LOST = "valueMetrics.recencyScore = 1 and valueMetrics.frequencyScore = 1"

ENTRIES: tuple[Entry, ...] = (
    _rfm("champions", "Champions", _group("CHAMPION"), "Bought very lately and very often."),
    _rfm("loyal", "Loyal", _group("LOYAL"), "Buy often, if not quite lately."),
    _rfm("potential-loyalists", "Potential loyalists", _group("POTENTIAL_LOYALIST"), "Bought lately, more than once."),
    _rfm("new", "New", _group("NEW"), "Bought very lately for the first time or nearly so."),
    _rfm("promising", "Promising", _group("PROMISING"), "Bought lately, but seldom so far."),
    _rfm("need-attention", "Need attention", _group("NEEDS_ATTENTION"), "Middling in everything and slipping."),
    _rfm("about-to-sleep", "About to sleep", _group("ABOUT_TO_SLEEP"), "Bought seldom and some time ago."),
    _rfm("at-risk", "At risk", _group("AT_RISK"), "Used to buy often; have not for long."),
    _rfm("cannot-lose", "Cannot lose", _group("CANNOT_LOSE"), "Used to buy the most often; have not for long."),
    _rfm("hibernating", "Hibernating", f"{_group('HIBERNATING')} and not ({_LOST})", "Bought seldom, long ago."),
    _rfm("lost", "Lost", _LOST, "The longest ago and the least often of all."),
    Entry(
        "tier-top-1", "TIERS", "Top 1 % by profit", "valueMetrics.valueTier = 1",
        "The hundredth part of all customers that brings the most.", TIERS,
    ),
    Entry(
        "tier-top-5", "TIERS", "Top 5 % by profit", "valueMetrics.valueTier <= 2",
        "The twentieth part of all customers that brings the most.", TIERS,
    ),
    Entry(
        "tier-top-20", "TIERS", "Top 20 % by profit", "valueMetrics.valueTier <= 3",
        "The fifth part of all customers that brings the most.", TIERS,
    ),
    Entry(
        "tier-lowest", "TIERS", "Lowest 20 % by profit", "valueMetrics.valueTier = 5",
        "The fifth part that brings the least, or costs.", TIERS,
    ),
    Entry(
        "strategic-future-value", "STRATEGIC", "High future value",
        "valueMetrics.valueTier <= 3 and valueMetrics.churnRisk < 0.5",
        "Among the most valuable, and likely to stay.", STRATEGIC,
    ),
    Entry(
        "strategic-volume", "STRATEGIC", "High volume", "orders.count(last 12 months) >= 12",
        "Buy every month: they carry fixed costs even at a low margin.", STRATEGIC,
    ),
    Entry(
        "strategic-door-openers", "STRATEGIC", "Door openers", "referrals.count() >= 3",
        "Brought at least three others.", STRATEGIC,
    ),
    Entry(
        "strategic-inspiration", "STRATEGIC", "Inspiration",
        'interactions.some(last 12 months, kind = "IDEA")',
        "Bring ideas that improve the business for everybody.", STRATEGIC,
    ),
    Entry(
        "strategic-at-risk", "STRATEGIC", "Valuable and likely lost",
        "valueMetrics.valueTier <= 3 and valueMetrics.churnRisk >= 0.7",
        "Among the most valuable, and about to leave.", STRATEGIC,
    ),
)  # fmt: skip
