"""Simulated customers are the same for the same seed, behave as the models say, and hang together."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from crm.demo.simulate import Block, Parameters, generate, with_orders
from crm.demo.simulate.blocks import Orders, Touches, block
from crm.demo.simulate.parameters import WEEK


def columns(made: Block) -> dict[str, Any]:
    parts = {"": made, "orders.": made.orders, "touches.": made.touches}
    return {
        f"{prefix}{each.name}": getattr(part, each.name)
        for prefix, part in parts.items()
        for each in fields(part)
        if not isinstance(getattr(part, each.name), Orders | Touches)
    }


@pytest.fixture(scope="module")
def many() -> list[Block]:
    return list(generate(with_orders(40_000, 8.0), 5))


def gathered(blocks: list[Block], name: str) -> Any:
    return np.concatenate([columns(each)[name] for each in blocks])


def test_a_block_is_the_same_whatever_was_drawn_before() -> None:
    parameters = Parameters(3_000)
    alone, among = block(parameters, 5, 2, 1000), list(generate(parameters, 5))[2]
    assert all(np.array_equal(value, columns(among)[name]) for name, value in columns(alone).items())


def test_another_seed_is_another_organisation() -> None:
    one, other = (next(generate(Parameters(1_000), seed)) for seed in (1, 2))
    assert not np.array_equal(one.orders.placed, other.orders.placed)


def test_a_smaller_organisation_is_the_beginning_of_a_larger_one() -> None:
    small, large = (list(generate(Parameters(size), 5)) for size in (1_300, 2_000))
    for name in set(columns(small[1])) - {"employer"}:
        some, more = columns(small[1])[name], columns(large[1])[name]
        assert np.array_equal(some, more[..., : some.shape[-1]]), name
    assert small[1].employer.max() < 1_300


@pytest.mark.parametrize("wanted", [1.5, 8.0, 20.0])
def test_customers_have_as_many_orders_as_asked_for(wanted: float) -> None:
    blocks = generate(with_orders(40_000, wanted), 3)
    assert sum(len(each.orders.customer) for each in blocks) / 40_000 == pytest.approx(wanted, rel=0.05)


def test_rates_are_gamma_as_the_model_says(many: list[Block]) -> None:
    parameters = with_orders(40_000, 8.0)
    rate, leaving = gathered(many, "rate"), gathered(many, "leaving")
    assert rate.mean() == pytest.approx(parameters.r / parameters.alpha, rel=0.03)
    assert rate.var() == pytest.approx(parameters.r / parameters.alpha**2, rel=0.08)
    assert leaving.mean() == pytest.approx(parameters.s / parameters.beta, rel=0.03)


def test_amounts_have_the_mean_of_gamma_gamma(many: list[Block]) -> None:
    first = gathered(many, "orders.number") == 0
    assert gathered(many, "orders.amount")[first].mean() / 100 == pytest.approx(Parameters(1).mean_amount, rel=0.03)


def test_orders_lie_between_acquisition_and_the_end_in_their_order(many: list[Block]) -> None:
    customer, number, placed = (gathered(many, f"orders.{name}") for name in ("customer", "number", "placed"))
    acquired = gathered(many, "acquired")
    assert (placed[number == 0] == acquired).all()
    assert (np.diff(placed)[np.diff(customer) == 0] >= 0).all()
    assert placed.max() < Parameters(1).end_us
    assert acquired.min() >= Parameters(1).end_us - 208 * WEEK


def test_money_is_coherent(many: list[Block]) -> None:
    amount, listed, refunded, cost = (
        gathered(many, f"orders.{name}") for name in ("amount", "list_amount", "refunded", "cost")
    )
    assert (amount > 0).all()
    assert (listed >= amount).all()
    assert ((refunded == 0) | (refunded == amount)).all()
    assert (cost <= listed).all()


def test_referrals_make_no_circle_and_employers_are_organizations(many: list[Block]) -> None:
    numbers, referrer, employer = (gathered(many, name) for name in ("numbers", "referrer", "employer"))
    assert (referrer < numbers).all()
    assert (referrer >= 0).mean() == pytest.approx(0.1, abs=0.01)
    assert gathered(many, "organization")[employer[employer >= 0]].all()
