"""What is wrong with a rule, with its place: the path in the tree, the line and column in the text."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import Any

from crm.errors import ValidationFailed
from crm.rules.tree import Node, Place, walk

MAX_DEPTH = 24
MAX_NODES = 500
MAX_TEXT = 20_000
MAX_STRING = 1_000
MAX_LIST = 1_000
MAX_COMMENTS = 50


class RuleInvalid(ValidationFailed):
    """The rule is not acceptable."""

    def __init__(self, message: str, *, path: tuple[str, ...] = (), place: Place | None = None, **details: Any) -> None:
        if place:
            message = f"Line {place.line}, column {place.column}: {message}"
            details |= {"line": place.line, "column": place.column}
        super().__init__(message, path=path, **details)
        self.place = place


def nearest(word: str, known: list[str]) -> str:
    """A sentence that names the known word most like this one, or nothing."""
    folded = {key.casefold(): key for key in known}
    found = get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.5)
    return f" Did you mean '{folded[found[0]]}'?" if found else ""


def check_size(tree: Node) -> None:
    """Raise RuleInvalid where a rule is nested too deep or has too many conditions; needs no recursion."""
    for number, (node, depth) in enumerate(walk(tree), start=1):
        if depth > MAX_DEPTH:
            raise RuleInvalid(f"Rules nest at most {MAX_DEPTH} deep; split this one up.", place=node.place)
        if number > MAX_NODES:
            raise RuleInvalid(f"A rule has at most {MAX_NODES} conditions; split it up.", place=node.place)


def string_fault(text: str) -> str | None:
    """Why a text cannot be a value, or None."""
    if len(text) > MAX_STRING:
        return f"A text of {len(text)} characters is too long; at most {MAX_STRING} are compared."
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return "The text holds a character that cannot be stored (NUL or half of a pair)."
    return None


def spoken(data: object) -> str:
    """What a client sent in place of a value, as it wrote it: JSON, and texts in quotes."""
    return f"'{clip(data)}'" if isinstance(data, str) else clip(json.dumps(data, ensure_ascii=False, default=str))


def clip(value: object) -> str:
    """A foreign value, short enough for a message."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
