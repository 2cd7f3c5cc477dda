"""Free-text search over customers: words and beginnings of words first, then what is merely alike."""

from __future__ import annotations

import re

from crm.access import Scope
from crm.errors import ValidationFailed
from crm.text import normalise
from schema.select.render import Render
from schema.select.rows import Row

MAX_LENGTH = 200
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


def condition(render: Render, row: Row, normalised: str) -> tuple[str, str]:
    """Which rows are found, and how well each fits.

    Either arm has a GIN index: the full text one, and the trigram one behind `<%`, which forgives typing errors.
    Without pii:read only names are searched.
    """
    alike = render.bind(normalised, "text")
    query = words(normalised)
    asked = f"to_tsquery('simple', {render.bind(query, 'text')})" if query else None
    found, rank = _fits(alike, asked, row.search_text, row.search_vector)
    if Scope.PII_READ in render.scopes:
        return found, rank
    # The indexed text holds identities too: whoever may not read them must not find out by searching, nor by the order.
    named, rank = _fits(alike, asked, row.sort_name, f"to_tsvector('simple', {row.sort_name})")
    return f"({found} AND {named})", rank


def _fits(alike: str, asked: str | None, text: str, vector: str) -> tuple[str, str]:
    near, likeness = f"{alike} <% {text}", f"word_similarity({alike}, {text})"
    if asked is None:
        return near, f"{likeness}::float8"
    return f"({vector} @@ {asked} OR {near})", f"(ts_rank({vector}, {asked}) + {likeness})::float8"
