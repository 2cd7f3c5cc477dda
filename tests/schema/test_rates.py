"""Exchange rates are noted and read again, by whoever may read what they price."""

from crm.access import Scope
from tests import factories
from tests.schema.asking import ask

READ = "{ exchangeRates { nodes { currency day rate } } }"


async def test_rates_are_read_the_latest_day_first(db: str) -> None:
    input = '{currency: "EUR", day: $d, rate: $r}'
    put = f"mutation($d: Date!, $r: Decimal!) {{ exchangeRatePut(input: {input}) {{ problems {{ message }} }} }}"
    for day, rate in (("2026-01-01", "1.1"), ("2026-02-01", "1.25")):
        assert (await ask(put, {"d": day, "r": rate})).data["exchangeRatePut"]["problems"] == []
    found = (await ask(READ)).data["exchangeRates"]["nodes"]
    assert [(each["day"], each["rate"]) for each in found] == [("2026-02-01", "1.25"), ("2026-01-01", "1.1")]
    assert (await ask(READ, actor=factories.everything_but(Scope.ORDER_READ))).code == "FORBIDDEN"
