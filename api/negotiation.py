"""Which media type an answer has, and which a request may have."""

from __future__ import annotations

from functools import lru_cache

from api.errors import UnsupportedMediaType

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HTML = "text/html"

# How well a range of `Accept` fits what we can answer; for a wildcard it is plain JSON, as old clients expect.
FITS = {JSON: (JSON, 2), GRAPHQL: (GRAPHQL, 2), "application/*": (JSON, 1), "*/*": (JSON, 0)}


def ranges(accept: str) -> list[tuple[str, float, bool]]:
    """Media range, weight, and whether its charset suits us."""
    found = []
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        values = dict(piece.partition("=")[::2] for piece in parameters)
        utf8 = values.get("charset", "utf-8").strip('"') in ("utf-8", "utf8")
        found.append((media, _weight(values.get("q", "1")), utf8))
    return found


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


@lru_cache(maxsize=256)
def answer_type(accept: str) -> str | None:
    """The media type to answer with, None when nothing we have is acceptable.

    The weight decides, then the more exact range, then the earlier one.
    """
    if not accept.strip():
        return JSON
    best: tuple[float, int] = (0.0, -1)
    chosen = None
    for media, weight, utf8 in ranges(accept):
        fit = FITS.get(media)
        if fit and utf8 and weight > 0 and (weight, fit[1]) > best:
            best, chosen = (weight, fit[1]), fit[0]
    return chosen


@lru_cache(maxsize=256)
def prefers_html(accept: str) -> bool:
    """Whether a browser asks for a page rather than a program for data."""
    weights = {media: weight for media, weight, _ in ranges(accept)}
    return weights.get(HTML, 0.0) > max(weights.get(JSON, 0.0), weights.get(GRAPHQL, 0.0))


@lru_cache(maxsize=64)
def check_request_type(content_type: str, encoding: str) -> None:
    """Raise UnsupportedMediaType for a body that is not plain JSON in UTF-8."""
    media, _, utf8 = ranges(content_type)[0]
    if media == JSON and utf8 and encoding.lower() in ("", "identity"):
        return
    sent = f"'{content_type[:80]}'" if content_type else "of no stated type"
    packed = f", compressed with '{encoding[:20]}'" if encoding else ""
    raise UnsupportedMediaType(
        f"The request body is {sent}{packed}; send `Content-Type: application/json`, in UTF-8 and not compressed."
    )
