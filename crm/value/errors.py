"""What keeps a figure from being known."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from crm.errors import CrmError


class InsufficientData(CrmError):
    """There is not enough data for this figure."""

    code: ClassVar[str] = "INSUFFICIENT_DATA"
    status: ClassVar[int] = 422

    def __init__(self, reason: str, *, have: float, need: float, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"{reason}: there are {have:g}, {need:g} are needed.", path=path, have=have, need=need)
        self.reason, self.have, self.need = reason, have, need


class FitRejected(CrmError):
    """The model does not describe these customers; `cause` says in a word why, `values` what of.

    at: where the search ended, parameters in the units of the data; None where it came nowhere.
    """

    code: ClassVar[str] = "FIT_REJECTED"
    status: ClassVar[int] = 422

    def __init__(self, message: str, *, cause: str = "UNFIT", path: tuple[str, ...] = (), **values: Any) -> None:
        super().__init__(message, path=path)
        self.cause, self.values = cause, values
        self.at: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None = None
