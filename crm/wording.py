"""How words are looked for among customers so that an index answers, whatever their script and length.

A trigram index knows three Latin letters or digits and more, anywhere; one or two it knows at the beginning of words.
In the locale of the embedded server it knows no other letters, so words of other scripts go to the full-text index,
which finds them by their beginning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from crm import text

MOST_WORDS = 8
_WORD = re.compile(r"\w+")
# What the searched text has between words and between what it is made of.
_BEFORE = (" ", "\n")


def words(term: str) -> list[str]:
    """What is looked for of a term: its words in normal form, each of which has to be there."""
    return text.normalise(term).split()[:MOST_WORDS]


def short(word: str) -> bool:
    """Whether a Latin word has too few letters to be found in the middle of another."""
    return word.isascii() and len(word) < 3


def beginnings(word: str) -> list[str]:
    """What stands in a text in which some word begins with this one, but for its very beginning."""
    return [f"{before}{word}" for before in _BEFORE]


def lexemes(word: str) -> str | None:
    """The full-text query for a word of another script; None for a Latin one and for mere signs."""
    parts = [] if word.isascii() else _WORD.findall(word)
    return " & ".join(f"'{part}':*" for part in parts) or None


def condition(term: Sequence[str], *, named: bool, first: int) -> tuple[str, list[str]]:
    """The condition over customers `c` that every word is there, and its parameters, numbered from `first`.

    With `named` in the name alone: the searched text holds identities too.
    """
    values: list[str] = []

    def bind(value: str) -> str:
        values.append(value)
        return f"${first + len(values) - 1}::text"

    found = [_one(word, "c.search_text", "c.search_vector", bind) for word in term]
    if named:
        found += [_one(word, "c.sort_name", "to_tsvector('simple', c.sort_name)", bind) for word in term]
    return " AND ".join(found), values


def _one(word: str, column: str, vector: str, bind: Callable[[str], str]) -> str:
    if query := lexemes(word):
        return f"{vector} @@ to_tsquery('simple', {bind(query)})"
    if not short(word):
        return f"{column} LIKE {bind(f'%{literal(word)}%')}"
    starts = [f"{literal(word)}%", *(f"%{literal(each)}%" for each in beginnings(word))]
    return "(" + " OR ".join(f"{column} LIKE {bind(start)}" for start in starts) + ")"


def literal(word: str) -> str:
    """The word as LIKE takes it letter by letter."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
