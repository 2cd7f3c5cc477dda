"""The past of the lifecycle is told from purchases."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.bulk import OrderRow
from crm.demo.cdnow import entries
from crm.demo.journeys import journey

START = datetime(1997, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


@pytest.mark.parametrize(
    ("purchases", "end", "stages"),
    [
        ([0], 100, [("first_time_buyer", 0)]),
        ([0], 181, [("first_time_buyer", 0), ("dormant", 180)]),
        ([0, 10], 100, [("first_time_buyer", 0), ("repeat_buyer", 10)]),
        ([0, 1, 2, 3, 4, 5], 100, [("first_time_buyer", 0), ("repeat_buyer", 1), ("client", 4)]),
        ([0, 0], 100, [("first_time_buyer", 0), ("repeat_buyer", 0)]),
        ([0, 300], 310, [("first_time_buyer", 0), ("dormant", 180), ("repeat_buyer", 300)]),
    ],
)
def test_stages_follow_from_orders(purchases: list[int], end: int, stages: list[tuple[str, int]]) -> None:
    assert journey([day(each) for each in purchases], day(end)) == [(stage, day(at)) for stage, at in stages]


def test_every_line_of_the_log_is_an_order_of_its_own() -> None:
    twice = " 00004 19970101  2   29.33\r\n"
    rows = [entry.row for entry in entries(f" id date cds dollars\r\n{twice}{twice} 00018 19970104 1 0.00\r\n")]
    fields = [row.fields for row in rows if isinstance(row, OrderRow)]
    assert [each["reference"] for each in fields] == ["line-2", "line-3", "line-4"]
    assert fields[2]["amount"] == 0
