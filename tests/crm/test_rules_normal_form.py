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
        *range(0x2000, 0x2070),
        *range(0x4DF0, 0x4E10),
        *range(0x9FF0, 0xA010),
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


def of_one_script(seed: int, count: int) -> list[str]:
    """Texts that take the short ways: of small alphabets, with hardly anything else among them."""
    dice = random.Random(seed)
    alphabets = [
        [chr(code) for code in range(0x20, 0x7F)],
        [chr(code) for code in (0x20, 0x20, *range(0x61C, 0x700), *range(0x200B, 0x2010)) if code != 0x61C],
        [chr(code) for code in (0x20, *range(0x4E00, 0x4E20), *range(0x9FE0, 0xA000))],
    ]
    return ["".join(dice.choices(dice.choice(alphabets), k=dice.randrange(6))) for _ in range(count)]


async def test_texts_of_one_script_have_one_normal_form(db: str) -> None:
    sample = [*of_one_script(3, 6_000), *(chr(code) for code in range(0x600, 0x700))]
    rows = await fetch("SELECT t, arzesh_normal(t) AS found FROM unnest($1::text[]) AS s(t)", sample)
    assert [row["t"] for row in rows if row["found"] != normalise(row["t"])] == []


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
