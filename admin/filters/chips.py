"""How a filter reads above its list: days as the reader reads them."""

from __future__ import annotations

import re
from datetime import date

from starlette_admin.i18n import gettext as _

from admin import formats

_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::\d{2})?)?\b")


def told(label: str) -> str:
    """The label of an active filter, with its days in the reader's calendar."""
    return _DAY.sub(_said, label)


def _said(found: re.Match[str]) -> str:
    try:
        day = formats.day(date.fromisoformat(found[1]))
    except ValueError:
        return found[0]
    return day if found[2] in (None, "00:00") else f"{day}{_(', ')}{formats.digits(found[2])}"
