"""Value runs: from the tables to everybody's figures and back."""

from __future__ import annotations

from crm.value.runs.full import begin, cancel, carry_out, recompute, resume

__all__ = ["begin", "cancel", "carry_out", "recompute", "resume"]
