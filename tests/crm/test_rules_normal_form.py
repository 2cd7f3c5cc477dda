"""The database brings text into the same normal form as Python does."""

from __future__ import annotations

import random
import unicodedata

import pytest

from crm.database import fetch
from crm.text import normalise

ALPHABET = [
    chr(code)
    for code in (
        *range(0x20, 0x7F),
        *range(0xA0, 0x250),
        *range(0x370, 0x530),
        *range(0x5D0, 0x700),
        *range(0x900, 0xA00),
    )
    if unicodedata.category(chr(code)) not in ("Cn", "Cc", "Cs", "Co")
] + list("\u200c\u200d\u200e\u3000Ａａ１۱۲٣ﷲ中文ẞßİıσςΣ\n\t")


def texts(seed: int, count: int) -> list[str]:
    dice = random.Random(seed)
    return ["".join(dice.choices(ALPHABET, k=dice.randrange(12))) for _ in range(count)]


@pytest.mark.parametrize(
    "text",
    ["علي", "علی", "José  ÁLVAREZ ", "۱۲٣", "STRASSE", "Straße", "می‌خواهم", "ـسلامـ", "", "  a  b ", "\u0130stanbul"],
)
async def test_known_texts_have_one_normal_form(db: str, text: str) -> None:
    [row] = await fetch("SELECT arzesh_normal($1::text) AS found", text)
    assert row["found"] == normalise(text)


async def test_random_texts_of_many_scripts_have_one_normal_form(db: str) -> None:
    sample = texts(7, 3_000)
    rows = await fetch(
        "SELECT arzesh_normal(t) AS found FROM unnest($1::text[]) WITH ORDINALITY AS s(t, n) ORDER BY n", sample
    )
    different = [
        (text, row["found"], normalise(text))
        for text, row in zip(sample, rows, strict=True)
        if row["found"] != normalise(text)
    ]
    assert different == []
