"""Files of customers and orders: good rows are kept, bad ones told by line, and nothing is taken in twice."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from crm import custom_fields
from crm.access import Scope
from crm.errors import Blocked, Busy, Forbidden, ValidationFailed
from crm.imports import ImportKind, Options, Style, as_csv, import_file, runs
from models import Customer, Event, FieldType, Identity, ImportRun, ImportStatus, Order
from tests import factories
from tests.factories import NOW, OWNER, email

ORDERS = b"""customer email,order no,date,total,currency
a@example.com,R1,2026-01-02,12.50,USD
stranger@example.com,R2,2026-01-03,1,USD
a@example.com,R3,2026-13-03,1,USD
a@example.com,R4,2026-01-04,"1,200.00",
a@example.com,R5,2026-01-05,-3,USD
"""


async def load(data: bytes, kind: ImportKind = ImportKind.ORDERS, **more: Any) -> ImportRun:
    return await import_file(more.pop("actor", OWNER), kind, data, name="file.csv", now=NOW, **more)


def counts(run: ImportRun) -> tuple[int, ...]:
    return run.rows_read, run.rows_created, run.rows_updated, run.rows_unchanged, run.rows_refused


async def test_good_rows_are_kept_and_bad_ones_told_by_line(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    run = await load(ORDERS)
    assert counts(run) == (5, 2, 0, 0, 3)
    assert [(row["line"], row["field"]) for row in run.refused] == [(3, "customer"), (4, "placedAt"), (6, "amount")]
    assert "stranger@example.com" in run.refused[0]["reason"]
    assert await Order.all().order_by("amount").values_list("amount", flat=True) == [Decimal("12.5"), Decimal(1200)]
    assert as_csv(run.refused).count("\r\n") == 4


async def test_the_same_file_again_takes_in_only_what_was_refused(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    first = await load(ORDERS)
    events = await Event.all().count()
    again = await load(ORDERS)
    assert (again.id, counts(again)) == (first.id, counts(first))
    assert await Event.all().count() == events
    await factories.customer("Bob Example", email("stranger@example.com"))
    third = await load(ORDERS)
    assert counts(third) == (5, 3, 0, 0, 2)
    assert [row["line"] for row in third.refused] == [4, 6]
    assert await Order.all().count() == 3


async def test_a_stopped_import_goes_on_where_it_was(fresh_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    data = "customer email,date,total\n" + "a@example.com,2026-01-02,3\n" * 25
    monkeypatch.setattr(runs, "CHUNK", 10)

    def stop(run: ImportRun) -> None:
        if run.rows_read == 20:
            raise KeyError("the power went")

    with pytest.raises(KeyError):
        await load(data.encode(), report=stop)
    assert (await ImportRun.get()).status is ImportStatus.RUNNING
    assert await Order.all().count() == 20
    assert counts(await load(data.encode())) == (25, 25, 0, 0, 0)
    assert await Order.all().count() == 25


async def test_a_dry_run_counts_and_keeps_nothing(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    run = await load(ORDERS, dry_run=True)
    assert counts(run) == (5, 2, 0, 0, 3)
    assert not await Order.exists()
    assert not await ImportRun.exists()


async def test_two_processes_with_one_file_take_it_in_once(fresh_db: str) -> None:
    data = "id,name\n" + "".join(f"{n},Customer {n}\n" for n in range(3000))
    both = await asyncio.gather(*(load(data.encode(), ImportKind.CUSTOMERS) for _ in range(2)), return_exceptions=True)
    assert all(isinstance(result, ImportRun | Busy) for result in both)
    assert await Customer.all().count() == 3000
    assert await ImportRun.all().count() == 1


async def test_customers_with_persian_headings_custom_fields_and_dates(db: str) -> None:
    await custom_fields.define(OWNER, key="level", type=FieldType.NUMBER, fields={})
    data = "کد مشتری,نام,نام خانوادگی,موبایل,تاریخ تولد,کشور,level\n۷,علي,رضایی,۰۹۱۲۳۴۵۶۷۸۹,۱۳۶۰/۰۲/۰۳,IR,۳\n"
    run = await load(data.encode(), ImportKind.CUSTOMERS, options=Options(source="shop"))
    assert counts(run) == (1, 1, 0, 0, 0), run.refused
    ali = await Customer.get()
    assert (ali.given_name, str(ali.birthday), ali.custom_fields) == ("علي", "1981-04-23", {"level": 3})
    assert set(await Identity.all().values_list("normalized", flat=True)) == {"۷", "+989123456789"}


async def test_orders_may_bring_their_customers(db: str) -> None:
    data = b"customer id,customer name,date,amount\n7,Mina,1/2/2026,3\n7,Mina,2/2/2026,4\n"
    options = Options(source="shop", create_customers=True, style=Style(date_order="DMY"))
    run = await load(data, options=options, mapping={"customer name": "customer.name"})
    assert counts(run) == (2, 2, 0, 0, 0)
    assert (await Customer.get()).display_name == "Mina"
    assert [str(order.placed_at.date()) for order in await Order.all().order_by("placed_at")] == [
        "2026-02-01",
        "2026-02-02",
    ]


async def test_a_corrected_mapping_does_not_record_the_orders_twice(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    data = b"email,date,total,shop\na@example.com,2026-01-02,3,web\n"
    await load(data)
    run = await load(data, mapping={"shop": "channel"})
    assert counts(run) == (1, 0, 0, 1, 0)


async def test_a_file_of_nothing_but_nonsense_is_given_up(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST_REFUSED", 3)
    with pytest.raises(Blocked, match="More than 3 rows"):
        await load(b"email,date,total\n" + b"x,y,z\n" * 9)
    run = await ImportRun.get()
    assert run.status is ImportStatus.FAILED
    assert "not a date" in str(run.error)


async def test_a_file_without_customers_is_refused_whole(db: str) -> None:
    with pytest.raises(ValidationFailed, match="customer.email"):
        await load(b"date,total\n2026-01-02,3\n")
    assert not await ImportRun.exists()


@pytest.mark.parametrize("scope", [Scope.IMPORT_RUN, Scope.ORDER_WRITE])
async def test_an_actor_without_a_scope_takes_in_nothing(db: str, scope: Scope) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    with pytest.raises(Forbidden, match=scope):
        await load(ORDERS, actor=factories.everything_but(scope))
    assert not await Order.exists()


async def test_countries_languages_and_phones_are_taken_as_people_write_them(db: str) -> None:
    data = 'name,phone,country,language\n"Sara\nAhmadi",0912 345 6789,Iran,Persian\nAli,00989123456780,ایران,fa\n'
    run = await load(data.encode(), ImportKind.CUSTOMERS)
    assert counts(run) == (2, 2, 0, 0, 0), run.refused
    found = await Customer.all().order_by("-display_name").values_list("display_name", "country", "language")
    assert found == [("Sara Ahmadi", "IR", "fa"), ("Ali", "IR", "fa")]
    assert await Identity.all().order_by("normalized").values_list("normalized", flat=True) == [
        "+989123456780",
        "+989123456789",
    ]


async def test_numbers_of_no_country_are_of_the_one_that_is_said(db: str) -> None:
    options = Options(create_customers=True, style=Style(phone_country="IR"))
    await load(b"phone,date,total\n0912 345 6789,2026-01-02,3\n", options=options)
    assert (await Identity.get()).normalized == "+989123456789"


async def test_an_amount_in_another_currency_is_never_taken_for_the_base_one(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    data = "customer email,date,total,exchange rate\na@example.com,2026-01-02,€ 3,1.5\na@example.com,2026-01-02,¥4,\n"
    run = await load(data.encode())
    assert counts(run) == (2, 1, 0, 0, 1)
    assert (await Order.get()).currency == "EUR"
    assert "CNY or JPY" in run.refused[0]["reason"]
