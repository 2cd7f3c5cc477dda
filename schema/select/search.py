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
_WORD = re.compile(r"\w+")


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


@dataclass(frozen=True)
class Fit:
    """Which rows a search finds, and how well each fits; `common` says whether its words are too common to tell."""

    found: str
    rank: str
    common: str | None = None

    @property
    def bounded(self) -> str:
        """The rank as lists are ordered by it: that of common words is 0, so that their rows come by id."""
        return f"(CASE WHEN {self.common} THEN 0 ELSE {self.rank} END)" if self.common else self.rank


def fit(render: Render, row: Row, normalised: str) -> Fit:
    """What a search means for the rows of a table.

    Either arm of it has a GIN index: the full text one, and the trigram one behind `<%`, which forgives typing errors.
    Without pii:read only names are searched.
    """
    alike = render.bind(normalised, "text")
    query = words(normalised)
    asked = f"to_tsquery('simple', {render.bind(query, 'text')})" if query else None
    found, rank = _fits(alike, asked, row.search_text, row.search_vector)
    common = _common(row, asked) if asked else None
    if Scope.PII_READ in render.scopes:
        return Fit(found, rank, common)
    # The indexed text holds identities too: whoever may not read them must not find out by searching, nor by the order.
    named, rank = _fits(alike, asked, row.sort_name, f"to_tsvector('simple', {row.sort_name})")
    return Fit(f"({found} AND {named})", rank, common)


def _common(row: Row, asked: str) -> str:
    assert row.model_
    other = Row(f"{row.alias_}c", row.model_)
    some = f"SELECT FROM {table_of(row.model_)} {other.alias_} WHERE {other.search_vector} @@ {asked}"
    return f"(SELECT count(*) > {MOST_RANKED} FROM ({some} LIMIT {MOST_RANKED + 1}) c)"


def _fits(alike: str, asked: str | None, text: str, vector: str) -> tuple[str, str]:
    near, likeness = f"{alike} <% {text}", f"word_similarity({alike}, {text})"
    if asked is None:
        return near, f"{likeness}::float8"
    return f"({vector} @@ {asked} OR {near})", f"(ts_rank({vector}, {asked}) + {likeness})::float8"
