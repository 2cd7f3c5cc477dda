"""`arzesh value recompute --as-of` takes a date as its end, and today as this moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crm.commands.value import moment
from crm.errors import ValidationFailed


def test_a_date_is_its_end() -> None:
    assert moment("2026-03-31") == datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert moment("2026-03-31T12:00Z") == datetime(2026, 3, 31, 12, tzinfo=UTC)


def test_today_is_this_moment_for_a_run_does_not_see_ahead() -> None:
    today = datetime.now(UTC).date().isoformat()
    assert moment(today) <= datetime.now(UTC)


def test_what_is_no_time_is_refused_by_name() -> None:
    with pytest.raises(ValidationFailed, match="--as-of 'soon' is no time"):
        moment("soon")
