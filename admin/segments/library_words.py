"""What the library's entries are called and described as, so that their translations are kept; English is their key."""

from __future__ import annotations

from starlette_admin.i18n import lazy_gettext as lazy

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
