"""What the library's entries are called and described as, so that their translations are kept; English is their key."""

from __future__ import annotations

from starlette_admin.i18n import gettext
from starlette_admin.i18n import lazy_gettext as lazy

from crm.segments.clusters import AVERAGE, BETWEEN
from crm.segments.library_entries import ENTRIES
from crm.segments.needs import MOSTLY

WORDS = (
    lazy("Top 1 % by profit"),
    lazy("Top 5 % by profit"),
    lazy("Top 20 % by profit"),
    lazy("Lowest 20 % by profit"),
    lazy("High future value"),
    lazy("High volume"),
    lazy("Door openers"),
    lazy("Inspiration"),
    lazy("Valuable and likely lost"),
    lazy("Bought very lately and very often."),
    lazy("Buy often, if not quite lately."),
    lazy("Bought lately, more than once."),
    lazy("Bought very lately for the first time or nearly so."),
    lazy("Bought lately, but seldom so far."),
    lazy("Middling in everything and slipping."),
    lazy("Bought seldom and some time ago."),
    lazy("Used to buy often; have not for long."),
    lazy("Used to buy the most often; have not for long."),
    lazy("Bought seldom, long ago."),
    lazy("The longest ago and the least often of all."),
    lazy("The hundredth part of all customers that brings the most."),
    lazy("The twentieth part of all customers that brings the most."),
    lazy("The fifth part of all customers that brings the most."),
    lazy("The fifth part that brings the least, or costs."),
    lazy("Among the most valuable, and likely to stay."),
    lazy("Buy every month: they carry fixed costs even at a low margin."),
    lazy("Brought at least three others."),
    lazy("Bring ideas that improve the business for everybody."),
    lazy("Among the most valuable, and about to leave."),
)
DEMO = {
    "Win back": lazy("Win back"),
    "Could buy more": lazy("Could buy more"),
    "Bought once": lazy("Bought once"),
    "Top 100 by revenue": lazy("Top 100 by revenue"),
}
"""Segments that come with the demonstration."""
CLUSTERS = {
    "Silent for long": lazy("Silent for long"),
    "Bought lately": lazy("Bought lately"),
    "Buy often": lazy("Buy often"),
    "Buy seldom": lazy("Buy seldom"),
    "Large orders": lazy("Large orders"),
    "Small orders": lazy("Small orders"),
    "Seek discounts": lazy("Seek discounts"),
    "Pay the full price": lazy("Pay the full price"),
    "Much contact": lazy("Much contact"),
    "Little contact": lazy("Little contact"),
    AVERAGE: lazy("Average in everything"),
}
"""What sets a cluster apart; its name says one or two of them."""
_OURS = frozenset({*(entry.name for entry in ENTRIES), *(entry.description for entry in ENTRIES), *DEMO})


def named(text: str) -> str:
    """A segment's name or description in the reader's language where it is the library's own; else as it was given."""
    said, cut, source = text.partition(" Source: ")
    if said not in _OURS:
        return _computed(text)
    return gettext(said) + (" " + gettext("Source: %(source)s") % {"source": source} if cut else "")


def _computed(text: str) -> str:
    """The name of a computed group: a cluster's, or that of those who buy mostly one category."""
    if text.startswith(MOSTLY):
        return gettext("Mostly %(category)s") % {"category": text.removeprefix(MOSTLY)}
    parts = text.split(BETWEEN)
    return BETWEEN.join(gettext(part) for part in parts) if CLUSTERS.keys() >= set(parts) else text
