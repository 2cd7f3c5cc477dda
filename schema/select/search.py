"""Free-text search over customers: words and beginnings of words first, then what is merely alike."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm.access import Scope
from crm.errors import ValidationFailed
from crm.text import normalise
from schema.select.render import Render
from schema.select.rows import Row, table_of

MAX_LENGTH = 200
MOST_RANKED = 2_000
"""Of words that more rows have, none fits better than the others: ranking them all would take seconds."""
MOST_ALIKE = 500
"""Of what is merely alike, so many are ranked: telling how much costs more than for words."""
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"[+(]?[\d\s()./-]+")
LEAST_DIGITS = 5
"""Digits with signs between them are a telephone number from here on; fewer may be a date or a house."""


def normal(text: str | None) -> str | None:
    """The normal form of a search; None for a blank one, which means no search."""
    if text is None:
        return None
    if len(text) > MAX_LENGTH:
        raise ValidationFailed(f"'search' has {len(text)} characters; at most {MAX_LENGTH}.", path=("search",))
    return normalise(text) or None


def words(normalised: str) -> str:
    """The search as a tsquery: every word must be there, at least as the beginning of one."""
    return " & ".join(f"'{word}':*" for word in _WORD.findall(normalised))


def wholes(normalised: str) -> str:
    """The search as a tsquery of what stands between spaces, signs included; empty where that is only words.

    PostgreSQL keeps an e-mail address, and what looks like one of its parts or a number with its sign, as one word:
    only its own beginning finds it.
    """
    number = telephone(normalised)
    if number:
        return f"'+{number}':* | '{number}':*"
    pieces = normalised.split()
    if all(map(_WORD.fullmatch, pieces)):
        return ""
    return " & ".join(f"{_quoted(piece)}:*" for piece in pieces)


def telephone(normalised: str) -> str | None:
    """The digits of a telephone number, as it is written after the + of its country where that was given."""
    digits = re.sub(r"\D", "", normalised)
    if len(digits) < LEAST_DIGITS or not _NUMBER.fullmatch(normalised):
        return None
    return digits.removeprefix("00")


def distinctive(normalised: str) -> str:
    """What tells people apart: of an e-mail address what stands before its @, of a telephone number its digits."""
    return telephone(normalised) or normalised.partition("@")[0].strip() or normalised


def _quoted(piece: str) -> str:
    doubled = piece.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


@dataclass(frozen=True)
class Fit:
    """Which rows a search finds, and how well each fits.

    `exact` are those that have its words; `common` says whether too many have them to tell which fits best, `swarm`
    whether too many are merely like it: of those none is ranked, and they follow by id.
    """

    found: str
    rank: str
    exact: str
    common: str
    swarm: str

    @property
    def bounded(self) -> str:
        """The rank as lists are ordered by it: 0 where none is worked out, so that these rows come by id."""
        return (
            f"(CASE WHEN {self.common} THEN 0 WHEN {self.exact} THEN {self.rank} WHEN {self.swarm} THEN 0 "
            f"ELSE {self.rank} END)"
        )


def fit(render: Render, row: Row, normalised: str) -> Fit:
    """What a search means for the rows of a table.

    Either arm of it has a GIN index: the full text one, and the trigram one behind `<%`, which forgives typing errors.
    Without pii:read only names are searched.
    """
    alike = render.bind(distinctive(normalised), "text")
    parts, whole = words(normalised), wholes(normalised)
    asked = f"to_tsquery('simple', {render.bind(parts, 'text')})" if parts else None
    if asked and whole:
        asked = f"({asked} || {render.bind(whole, 'text')}::tsquery)"
    exact, near, rank = _fits(alike, asked, row.search_text, row.search_vector)
    other = render.row(row.model_)
    words_of_other, near_other, _ = _fits(alike, asked, other.search_text, other.search_vector)
    bounds = _many(other, words_of_other, MOST_RANKED), _many(other, near_other, MOST_ALIKE)
    if Scope.PII_READ in render.scopes:
        return Fit(f"({exact} OR {near})", rank, exact, *bounds)
    # The indexed text holds identities too: whoever may not read them must not find out by searching, nor by the order.
    exact_name, near_name, rank = _fits(alike, asked, row.sort_name, f"to_tsvector('simple', {row.sort_name})")
    return Fit(f"(({exact} OR {near}) AND ({exact_name} OR {near_name}))", rank, f"({exact_name})", *bounds)


def _many(row: Row, condition: str, most: int) -> str:
    """Whether more rows than can be ranked fulfil a condition."""
    assert row.model_
    some = f"SELECT FROM {table_of(row.model_)} {row.alias_} WHERE {condition} LIMIT {most + 1}"
    return f"(SELECT count(*) > {most} FROM ({some}) c)"


def _fits(alike: str, asked: str | None, text: str, vector: str) -> tuple[str, str, str]:
    """Whether a text has the words, whether it is like them, and how well it fits."""
    # Where the database's locale knows no letters of a script its words have no trigrams, and an index scan would read
    # everything in vain; the first condition is settled before that.
    near, likeness = f"(show_trgm({alike}) <> '{{}}' AND {alike} <% {text})", f"word_similarity({alike}, {text})"
    if asked is None:
        return "false", near, f"{likeness}::float8"
    return f"{vector} @@ {asked}", near, f"(ts_rank({vector}, {asked}) + {likeness})::float8"
