"""Free-text search over customers: words and beginnings of words first, then what is merely alike."""

from __future__ import annotations

import re

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
    """
    alike = render.bind(normalised, "text")
    near = f"{alike} <% {row.search_text}"
    likeness = f"word_similarity({alike}, {row.search_text})"
    query = words(normalised)
    if not query:
        return near, f"{likeness}::float8"
    asked = f"to_tsquery('simple', {render.bind(query, 'text')})"
    found = f"({row.search_vector} @@ {asked} OR {near})"
    return found, f"(ts_rank({row.search_vector}, {asked}) + {likeness})::float8"
