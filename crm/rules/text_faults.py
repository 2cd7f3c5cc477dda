"""Why a text cannot be read, in words, with line and column."""

from __future__ import annotations

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from crm.rules.faults import RuleInvalid, clip
from crm.rules.hints import way_out
from crm.rules.tree import Place

_NAMED = {
    "NAME": "a field",
    "STRING": "a text in quotes",
    "NUMBER": "a number",
    "RPAR": "')'",
    "LPAR": "'('",
    "COMMA": "','",
    "DOT": "'.'",
    "EQUAL": "'='",
    "$END": "the end of the rule",
    "UNIT": "a unit of time",
    "CURRENCY": "a currency",
    "DATE": "a date",
}
_SHOWN = ("AND", "OR", "NOT", "IN", "IS", "EMPTY", "WITHIN", "SEGMENT", "STAGE", "WITH", "OF")


def explained(error: UnexpectedInput, text: str) -> RuleInvalid:
    if isinstance(error, UnexpectedToken):
        ended = error.token.type == "$END"
        what = "The rule ends too early" if ended else f"'{clip(error.token)}' is not expected here"
        expected, place = set(error.accepts or error.expected), _end(text) if ended else Place(error.line, error.column)
    else:
        assert isinstance(error, UnexpectedCharacters)
        what = _strange(error, text)
        expected, place = set(error.allowed or ()), Place(error.line, error.column)
    hint = way_out(text, _position(text, place))
    return RuleInvalid(f"{what}; {hint}." if hint else f"{what}{_hopes(expected)}.", place=place)


def _strange(error: UnexpectedCharacters, text: str) -> str:
    letter = text[error.pos_in_stream :][:1]
    return "A text that starts here has no closing quote" if letter == '"' else f"'{letter}' is not expected here"


def _position(text: str, place: Place) -> int:
    return sum(len(line) + 1 for line in text.split("\n")[: place.line - 1]) + place.column - 1


def _end(text: str) -> Place:
    trimmed = text.rstrip()
    return Place(trimmed.count("\n") + 1, len(trimmed) - trimmed.rfind("\n"))


def _hopes(expected: set[str]) -> str:
    words = [word for key, word in _NAMED.items() if key in expected]
    words += [word.lower() for word in _SHOWN if word in expected]
    return f"; {', '.join(words[:8])} would fit" if words else ""
