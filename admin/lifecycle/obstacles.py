"""What keeps a customer from moving, as staff read it."""

from __future__ import annotations

import re
from typing import Any

from starlette_admin.i18n import gettext as _

from admin import formats, messages
from crm.lifecycle.positions import Obstacle

_LONG = re.compile(r"\d+\.\d{3,}")


def told(each: Obstacle) -> dict[str, Any]:
    """Its parts for a list of expected and found; figures to two decimals."""
    actual = None if each.actual is None else _rounded(each.actual)
    message = _("The rule of this move does not hold.") if each.code == "GUARD" else messages.read(each.message)
    return {"code": each.code, "message": message, "expected": each.expected, "actual": actual}


def sentence(each: Obstacle) -> str:
    """The whole in a line; what a rule says keeps its own direction."""
    if each.code != "GUARD":
        return messages.read(each.message)
    found = _("not known") if each.actual is None else formats.isolated(_rounded(each.actual))
    parts = {"rule": formats.isolated(str(each.expected)), "found": found}
    return _("The rule of this move does not hold: %(rule)s. Found: %(found)s") % parts


def _rounded(text: str) -> str:
    return _LONG.sub(lambda number: f"{float(number[0]):.2f}", text)
