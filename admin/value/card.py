"""Why a customer is worth what it is: the drivers behind its figures, and the figures computed again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import formats
from admin.request import actor_of
from admin.value.page import ValuePage
from crm.errors import CrmError
from crm.value.runs import explain
from crm.value.runs.explain import Explanation

DRIVERS: dict[str, Any] = {
    "repeatPurchaseDays": (lazy("Repeat purchases"), lazy("days with a purchase after the first")),
    "lastPurchaseAfter": (lazy("Active for"), lazy("from the first purchase to the last")),
    "observed": (lazy("Known for"), lazy("from the first purchase to the day of the figures")),
    "repeatSpend": (lazy("Average spend"), lazy("on a repeat purchase day")),
    "contributionRate": (lazy("Left of every sale"), lazy("margin less the cost to serve, over revenue")),
    "pAlive": (lazy("Still a customer"), lazy("probability")),
    "discountedPurchases": (lazy("Purchases to come"), lazy("until the horizon, worth today")),
    "expectedOrderValue": (lazy("Expected spend"), lazy("own spend, leaning on that of all customers")),
    "clvResidual": (
        lazy("Value still to come"),
        lazy("purchases to come × expected spend × left of every sale"),
    ),
    "growthGap": (lazy("Room to grow"), lazy("up to the known wallet, or to the best quarter of the same RFM group")),
    "growthSelling": (lazy("Room to sell more kinds"), lazy("of products not bought of late")),
}
LACKING = (
    lazy("Purchases of this customer"),
    lazy("Purchase models that fit these customers (see the warnings of the run)"),
    lazy("Purchase models that describe these customers"),
    lazy("Customers who bought again"),
    lazy("No customer has bought anything yet"),
    lazy("Revenue of this customer"),
    lazy("A value per learning point in the settings"),
    lazy("Purchases that bound what is spent"),
    lazy(
        "Customers who differ both in price realised and in cost to serve (record list prices, costs and interactions)"
    ),
)
"""What runs say is lacking where a figure cannot be known (`crm.value.lacks`), for the catalogues."""
WRITERS: dict[str, Callable[[float, str], str]] = {
    "days": lambda value, code: _("%(number)s days") % {"number": formats.number(value)},
    "purchases": lambda value, code: formats.number(value, decimals=2),
    "share": lambda value, code: formats.percent(value, decimals=1),
    "money": lambda value, code: formats.money(value, code),
}


class CardPage(ValuePage):
    """The part of a customer's page that is asked for by those who want to know why."""

    path = "/value/customer"
    menu_label = lazy("Why")

    @route("", name="value-card")
    async def index(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("admin:list", key="value_snapshot"), 303)

    @route("/{key}/why", name="value-why")
    async def why(self, request: Request) -> Response:
        try:
            found = await explain.explain(actor_of(request), UUID(request.path_params["key"]))
        except CrmError as problem:
            return self.unknown(request, problem)
        except ValueError:
            raise HTTPException(404) from None
        return self.fragment(request, "why.html", {"found": found, "rows": rows(found), "sure": sure(found)})


def rows(found: Explanation) -> list[dict[str, Any]]:
    """The drivers in the order in which they are multiplied up; above or below what is usual, where that is known."""
    told = []
    for driver in found.drivers:
        name, meaning = DRIVERS.get(driver.key, (driver.key, driver.meaning))
        write = WRITERS[driver.unit]
        usual = None if driver.average is None else write(driver.average, found.currency)
        above = None if driver.average is None else driver.value > driver.average
        shown = write(driver.value, found.currency)
        told.append({"name": name, "meaning": meaning, "shown": shown, "usual": usual, "above": above})
    return told


def sure(found: Explanation) -> bool:
    """Whether every stored figure is what the history gives today."""
    return all(check.equal for check in found.checks)
