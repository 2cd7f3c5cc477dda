"""What the models take and refuse: lists, single numbers and whole numbers are welcome, nonsense has its name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import ArrayLike

from crm.errors import ValidationFailed
from crm.value import bgbb, bgnbd, discount, gammagamma, markov, mbgnbd, paretonbd, profit, rfm, sbg
from crm.value.arrays import Floats
from crm.value.errors import FitRejected
from crm.value.models import PurchaseModel
from crm.value.survival import kaplan_meier

BG, PARETO, DONORS = (0.243, 4.414, 0.793, 2.426), (0.553, 10.578, 0.606, 11.669), (1.204, 0.75, 0.657, 2.783)
MODELS: tuple[tuple[PurchaseModel, tuple[float, ...]], ...] = ((bgnbd, BG), (mbgnbd, BG), (paretonbd, PARETO))
EACH = pytest.mark.parametrize(("model", "p"), MODELS, ids=("BG/NBD", "MBG/NBD", "Pareto/NBD"))
TWO = (2, 30.43, 38.86)


def answers(model: PurchaseModel, p: tuple[float, ...], x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> list[Floats]:
    """All that a model tells of customers, by the next 39 weeks."""
    given_alive = (
        model.purchases_if_alive, model.square_if_alive, model.survival_if_alive, model.lifetime_if_alive,
        model.purchase_within_if_alive,
    )  # fmt: skip
    told = [model.p_alive(p, x, t_x, T), model.log_likelihood(p, x, t_x, T), model.residual_if_alive(p, 0.002, x, T)]
    return told + [function(p, 39, x, T) for function in given_alive]


@EACH
@pytest.mark.parametrize(
    ("x", "t_x", "T"),
    [
        pytest.param(*TWO, id="single numbers"),
        pytest.param([2], [30.43], [38.86], id="lists"),
        pytest.param(np.array([2], dtype=np.int32), 30.43, 38.86, id="whole numbers"),
        pytest.param((2, 2), 30.43, [38.86, 38.86], id="a number for every row"),
        pytest.param([[2], [2]], 30.43, 38.86, id="a matrix"),
    ],
)
def test_the_kind_of_input_does_not_change_the_answer(
    model: PurchaseModel, p: tuple[float, ...], x: ArrayLike, t_x: ArrayLike, T: ArrayLike
) -> None:
    expected = answers(model, p, *(np.array([value]) for value in TWO))
    for found, right in zip(answers(model, p, x, t_x, T), expected, strict=True):
        np.testing.assert_allclose(found.ravel(), np.full(found.size, right[0]), rtol=1e-14)
        assert found.shape == np.atleast_1d(x).shape


@EACH
def test_nobody_has_no_figures_and_no_error(model: PurchaseModel, p: tuple[float, ...]) -> None:
    assert all(found.shape == (0,) for found in answers(model, p, [], [], []))


@EACH
def test_a_customer_of_this_moment_has_all_figures(model: PurchaseModel, p: tuple[float, ...]) -> None:
    assert all(np.isfinite(found).all() for found in answers(model, p, 0, 0, 0))
    assert model.log_likelihood(p, 0, 0, 0)[0] == pytest.approx(0, abs=1e-12)
    assert model.purchases_if_alive(p, 0, 0, 0)[0] == 0


@EACH
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((-1, 0, 1), r"x\[0\] is -1: count purchase days"),
        ((1, -1, 1), r"t_x\[0\] is -1: the last purchase cannot precede"),
        ((1, 5, 1), r"T\[0\] is 1: observation cannot end before"),
        ((np.nan, 0, 1), r"x\[0\] is nan: give a finite number"),
        ((1, 1, np.inf), r"T\[0\] is inf: give a finite number"),
        (([1, 2, 3], [1, 2], 9), r"differ in length: x \(3,\), t_x \(2,\)"),
        (("many", 1, 2), "x holds something else than numbers"),
    ],
)
def test_an_impossible_customer_is_refused_by_name(
    model: PurchaseModel, p: tuple[float, ...], row: tuple[ArrayLike, ...], message: str
) -> None:
    for function in (model.p_alive, model.log_likelihood):
        with pytest.raises(ValidationFailed, match=message):
            function(p, *row)


@EACH
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: -1.0}, "r is -1: it must be above zero"),
        ({1: 0.0}, "alpha is 0: it must be above zero"),
        ({2: np.nan}, r"parameters\[2\] is nan"),
    ],
)
def test_impossible_parameters_are_refused_by_name(
    model: PurchaseModel, p: tuple[float, ...], change: dict[int, float], message: str
) -> None:
    wrong = [change.get(at, value) for at, value in enumerate(p)]
    with pytest.raises(ValidationFailed, match=message):
        model.p_alive(wrong, *TWO)
    with pytest.raises(ValidationFailed, match="parameters has 3 numbers: give 4, r, alpha"):
        model.purchases_if_alive(p[:3], 39, 2, 38.86)


@EACH
def test_no_time_before_now_and_no_value_for_ever_without_a_rate(model: PurchaseModel, p: tuple[float, ...]) -> None:
    with pytest.raises(ValidationFailed, match=r"t\[1\] is -2: give a time of 0 or more"):
        model.purchases_if_alive(p, [1, -2], 2, 38.86)
    for rate in (0.0, -0.1, np.nan, np.inf):
        with pytest.raises(ValidationFailed, match="without an end, value needs a rate above 0"):
            model.residual_if_alive(p, rate, 2, 38.86)


@pytest.mark.parametrize(
    ("model", "at"), [(bgnbd, 2), (mbgnbd, 2), (paretonbd, 2)], ids=("BG/NBD a", "MBG/NBD a", "Pareto/NBD s")
)
def test_nothing_jumps_where_the_printed_form_divides_by_nothing(model: PurchaseModel, at: int) -> None:
    """The denominators of equation 10 and of note 005's equation 22 are a - 1 and s - 1."""
    around = [[1.0 if entry == at else value for entry, value in enumerate(BG)] for _ in range(3)]
    around[0][at], around[2][at] = 1 - 2e-4, 1 + 2e-4
    below, there, above = (answers(model, tuple(p), *TWO) for p in around)
    for left, middle, right in zip(below, there, above, strict=True):
        assert middle[0] == pytest.approx((left[0] + right[0]) / 2, rel=1e-6)


def test_spend_is_refused_where_its_mean_is_not_finite() -> None:
    assert gammagamma.expected_spend((6.25, 0.9, 15.44), 2, 30.0)[0] == pytest.approx(6.25 * 75.44 / 12.4)
    for x in (0, [2, 0]):
        with pytest.raises(FitRejected, match="q is 0.9, so mean spend has no finite expectation"):
            gammagamma.expected_spend((6.25, 0.9, 15.44), x, 30.0)
    with pytest.raises(FitRejected, match="no finite expectation"):
        gammagamma.expected_spend((0.1, 0.5, 15.44), [1], [30.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gammagamma.expected_spend((6, 4, 15), [1], [-3.0]), r"z\[0\] is -3"),
        (lambda: gammagamma.log_likelihood((6, 4, 15), [1, 0], 9.0), r"x\[1\] is 0: it must be above zero"),
        (lambda: sbg.survival((0.7, 1.2), [-1]), r"periods\[0\] is -1"),
        (lambda: sbg.retention((0.7, 1.2), 0), r"periods\[0\] is 0: renewals are counted from 1"),
        (lambda: sbg.residual_value((0.7, 1.2), 100, 0.0, 1), "rate is 0"),
        (lambda: sbg.fit([100, 80, -1]), r"survivors\[2\] is -1"),
        (lambda: sbg.fit([100, 80, 90]), r"survivors\[2\] is 90: it cannot exceed"),
        (lambda: bgbb.p_alive(DONORS, 4, 3, 6), r"t_x\[0\] is 3: number the last period"),
        (lambda: bgbb.p_alive(DONORS, 0, 3, 6), r"t_x\[0\] is 3: without a transaction it is 0"),
        (lambda: bgbb.expected(DONORS, 1.5, 3, 6, 5), r"x\[0\] is 1.5: count transactions"),
        (lambda: bgbb.expected(DONORS, 1, 3, 6, -5), "periods is -5"),
        (lambda: bgbb.discounted(DONORS, 1, 3, 6, 0.0), "rate is 0"),
        (lambda: markov.value([[0.5, 0.5], [0.5, 0.6]], [1, 0], 0.1), "Row 1 of the transition matrix adds up to 1.1"),
        (lambda: markov.value([[0.5, np.nan], [0, 1]], [1, 0], 0.1), r"matrix\[1\] is nan"),
        (lambda: markov.value([[0.5, 0.5]], [1], 0.1), r"matrix has the shape \(1, 2\)"),
        (lambda: markov.value(np.eye(2), [1, 2, 3], 0.1), "reward has 3 values: give one for each state"),
        (lambda: markov.value(np.eye(2), [1, 2], -1.0), "rate is -1"),
        (lambda: markov.absorption(np.eye(2), [2]), "absorbing must number states from 0 to 1"),
        (lambda: markov.chain([0.3, 1.2]), r"buying\[1\] is 1.2"),
        (lambda: markov.transitions(np.array([0, 2]), np.array([1, 1]), 2), r"origin\[1\] is 2: states are 0 to 1"),
        (lambda: kaplan_meier([1, 2], [True, False], [1, -1]), r"weights\[1\] is -1"),
        (lambda: kaplan_meier([-1], [True]), r"durations\[0\] is -1"),
        (lambda: rfm.cut_points([1, np.nan]), r"values\[1\] is nan"),
        (lambda: profit.whale_curve([1, np.inf]), r"profit\[1\] is inf"),
        (lambda: discount.present_value([100], -1.0, [1]), "rate is -1"),
    ],
)
def test_nonsense_is_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        call()


def test_lists_and_single_numbers_are_welcome_everywhere() -> None:
    assert gammagamma.expected_spend([6.25, 3.74, 15.44], 0, np.nan)[0] == pytest.approx(35.22, abs=5e-3)
    np.testing.assert_allclose(sbg.survival([1, 1], [0, 1, 3]), (1, 0.5, 0.25))
    assert bgbb.p_alive(list(DONORS), [6], [6], [6])[0] == pytest.approx(bgbb.p_alive(DONORS, 6, 6, 6)[0])
    np.testing.assert_allclose(markov.value([[0.5, 0.5], [0, 1]], [10, 0], 0.25), (50 / 3, 0))
    assert kaplan_meier([1, 2, 3], [1, 0, 1]).survival.tolist() == pytest.approx([2 / 3, 0])
    assert profit.whale_curve([5, -1, 6]).peak == 11
    assert rfm.group([5, 1], [5, 1]).tolist() == ["CHAMPION", "HIBERNATING"]
    assert profit.tiers([]).tolist() == []
    np.testing.assert_allclose(discount.present_value([110, 121], 0.1, [1, 2]), 200)
