"""How a file writes things, and digits of any script."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """How a file writes things. `date_order` is DMY or MDY for dates such as 03/04/2026.

    `phone_country` is where telephone numbers are from that neither have a country's code nor stand beside a country.
    """

    date_order: str | None = None
    decimal_comma: bool = False
    time_zone: str = "UTC"
    phone_country: str | None = None


def digits(text: str) -> str:
    """The text with the digits of any script as ASCII ones."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(each)) if unicodedata.category(each) == "Nd" else each for each in text)
