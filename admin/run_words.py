"""What a value run says of itself, in the reader's language: by a notice's code and values, not by its sentence."""

from __future__ import annotations

import re
from typing import Any

import orjson
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import formats, messages, words

SENTENCES: dict[str, Any] = {
    "NO_HOLDOUT": lazy("Too little time was observed to judge a model on a holdout period."),
    "WEAK_PARAMETER": lazy("%(model)s: %(parameter)s is hardly determined by the data."),
    "NO_MEAN_SPEND": lazy("Spend varies too much for a finite mean (q <= 1): observed means are used instead."),
    "CORRELATED": lazy(
        "Spend per purchase and frequency are correlated (%(correlation)s); the spend model takes them as independent, "
        "so the value of frequent buyers is biased."
    ),
    "SILENT": lazy("Nobody has bought anything for %(days)s days: are all orders recorded?"),
    "NO_MODEL": lazy("What is to come cannot be foretold: %(reason)s (%(have)s of %(need)s needed)."),
    "ALL_MODELS": lazy("The models of all customers are used: %(have)s of %(need)s (%(reason)s)."),
    "COSTS_UNKNOWN": lazy(
        "The cost of goods of %(share)s of the revenue is unknown; a margin of %(margin_rate)s is assumed there (set "
        "it under “What the next run assumes”)."
    ),
}
NOT_FITTED = {
    "ALL": lazy("%(model)s was not fitted: %(reason)s"),
    "HOLDOUT": lazy("%(model)s on the holdout period was not fitted: %(reason)s"),
}
CAUSES: dict[str, Any] = {
    "NO_MAXIMUM": lazy("The likelihood has no maximum that the search could reach; collect more repeat purchases."),
    "AT_BOUND": lazy(
        "Parameter %(parameter)s ran out of bounds: the data do not determine it; use another model or more customers."
    ),
    "UNDETERMINED": lazy("The data do not determine %(parameter)s: customers differ too little, or too few have left."),
    "EQUAL_SPEND": lazy("All customers spend the same per purchase: that amount is used, no model is needed."),
    "NO_MEAN": lazy("Mean spend has no finite expectation; the observed mean is used."),
    "INSUFFICIENT_DATA": lazy("%(lacking)s: %(have)s of %(need)s needed."),
}
LACKING = (
    lazy("Customers with a predicted value"),
    lazy("Repeat buyers with a known spend"),
    lazy("Days observed after a first purchase"),
    lazy("Members at the moment of the run"),
)
"""What fits can lack beside what figures do, for the catalogues."""
_CLASS = re.compile(r"\A[A-Z]\w+: ")
_SHARES = frozenset({"share", "margin_rate"})
_WORDS = frozenset({"reason", "lacking"})


def warnings(notices: Any, sentences: Any) -> list[str]:
    """The warnings of a run, from its columns; a run from before notices were kept has its English sentences."""
    told = _read(notices)
    return [said(each) for each in told] if told else [messages.read(each) for each in _read(sentences) or []]


def failure(notice: Any, error: str | None) -> str:
    """Why a run failed; what nobody foresaw is in the server's log, and in English on the run's own page."""
    told = _read(notice)
    if told and told.get("code") == "INTERNAL_ERROR":
        kind = {"kind": told.get("values", {}).get("kind", "")}
        return (
            _("Something unexpected happened (%(kind)s). The published figures stay; the log has the details.") % kind
        )
    return messages.read(_CLASS.sub("", error or ""))


def said(notice: dict[str, Any]) -> str:
    """One notice as a sentence; a code that has no words here speaks English."""
    values = notice.get("values") or {}
    text = _sentence(str(notice.get("code")), values)
    if text is None:
        return str(notice.get("message") or notice.get("code"))
    if "segment" not in values:
        return text
    return _("Segment %(segment)s: %(sentence)s") % {"segment": values["segment"], "sentence": text}


def _sentence(code: str, values: dict[str, Any]) -> str | None:
    if code == "NOT_FITTED":
        form = NOT_FITTED.get(str(values.get("period")))
        return None if form is None else _filled(form, {**values, "reason": _cause(values)})
    return _filled(SENTENCES[code], values) if code in SENTENCES else None


def _cause(values: dict[str, Any]) -> str:
    reason = str(values.get("reason") or "")
    form = CAUSES.get(str(values.get("cause")))
    return (form and _filled(form, {**values, "lacking": reason.partition(":")[0]})) or reason


def _filled(form: Any, values: dict[str, Any]) -> str | None:
    try:
        return str(form) % {name: _written(name, value) for name, value in values.items()}
    except KeyError:  # a notice from before the sentence had this place
        return None


def _written(name: str, value: Any) -> str:
    if name == "model":
        return words.value(value)
    if name in _SHARES:
        return formats.percent(value)
    if name in _WORDS:
        return words.name(str(value))
    if isinstance(value, float) and not value.is_integer():
        return formats.number(value, decimals=2)
    return formats.number(value) if isinstance(value, int | float) else str(value)


def _read(column: Any) -> Any:
    return orjson.loads(column) if isinstance(column, str | bytes) else column
