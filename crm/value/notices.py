"""What a run has to say of itself: each notice has a code, the values in it, and an English sentence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from crm.errors import CrmError
from crm.value.errors import FitRejected, InsufficientData


@dataclass(frozen=True)
class Notice:
    """`values` are those of the sentence, raw, for readers who say it in their own words; a segment's name its key."""

    code: str
    message: str
    values: dict[str, Any] = field(default_factory=dict)

    def of_segment(self, key: str) -> Notice:
        return replace(self, message=f"Segment {key}: {self.message}", values={**self.values, "segment": key})

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "values": self.values}


SENTENCES = {
    "NO_HOLDOUT": "Too little time was observed to judge a model on a holdout period.",
    "WEAK_PARAMETER": "{model}: {parameter} is hardly determined by the data.",
    "NO_MEAN_SPEND": "Spend varies too much for a finite mean (q <= 1): observed means are used instead.",
    "CORRELATED": "Spend per purchase and frequency are correlated ({correlation:.2f}); the spend model takes them as "
    "independent, so the value of frequent buyers is biased.",
    "SILENT": "Nobody has bought anything for {days} days: are all orders recorded?",
    "NO_MODEL": "What is to come cannot be foretold: {reason} ({have:g} of {need:g} needed).",
    "ALL_MODELS": "the models of all customers are used: {have:g} of {need:g} ({reason}).",
    "COSTS_UNKNOWN": "The cost of goods of {share:.0%} of the revenue is unknown; a margin of {margin_rate:.0%} is "
    "assumed there (the value setting marginRate).",
}
NOT_FITTED = {
    "ALL": "{model} was not fitted: {reason}",
    "HOLDOUT": "{model} on the holdout period was not fitted: {reason}",
}
"""By the time that was to be fitted. `cause` is the refusal's own code, with its own values."""


def notice(code: str, **values: Any) -> Notice:
    """A notice of `SENTENCES`."""
    return Notice(code, SENTENCES[code].format(**values), values)


def not_fitted(model: str, period: str, problem: FitRejected | InsufficientData) -> Notice:
    """That a model could not be fitted to everything (ALL), or to what was before the holdout period (HOLDOUT)."""
    message = NOT_FITTED[period].format(model=model, reason=problem)
    values = {"model": model, "period": period, "reason": problem.message, **_cause(problem)}
    return Notice("NOT_FITTED", message, values)


def _cause(problem: FitRejected | InsufficientData) -> dict[str, Any]:
    if isinstance(problem, InsufficientData):
        return {"cause": "INSUFFICIENT_DATA", "have": problem.have, "need": problem.need}
    return {"cause": problem.cause, **problem.values}


def failure(problem: BaseException) -> Notice:
    """Why a run failed: a refusal by its own code, anything else as INTERNAL_ERROR with the class of what happened."""
    told = f"{type(problem).__name__}: {problem}"[:2000]
    if isinstance(problem, CrmError):
        return Notice(problem.code, told)
    return Notice("INTERNAL_ERROR", told, {"kind": type(problem).__name__})
