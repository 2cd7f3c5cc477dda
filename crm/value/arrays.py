"""The kinds of array that the value maths speaks, and the checks at its doors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crm.errors import ValidationFailed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Parameters = Sequence[float] | Floats


def floats(name: str, values: ArrayLike) -> Floats:
    """`values` as a float array of at least one dimension, so that a single number is a row of its own.

    ValidationFailed names `name` and the first value that is not finite, or what is no number at all.
    """
    try:
        array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as problem:
        raise ValidationFailed(f"{name} holds something else than numbers: {problem}.", path=(name,)) from None
    refuse(name, array, ~np.isfinite(array), "give a finite number")
    return array


def columns(**given: ArrayLike) -> tuple[Floats, ...]:
    """The columns as float arrays of one shape; what has one value only stands for every row, as in numpy.

    ValidationFailed names the column and the first value that is not finite, or the lengths that do not go together.
    """
    arrays = {name: floats(name, values) for name, values in given.items()}
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValidationFailed(f"The columns differ in length: {shapes}.", path=tuple(arrays)) from None


def refuse(name: str, array: Floats, wrong: Bools, remedy: str) -> None:
    """Raise ValidationFailed naming the first entry of `array` where `wrong` holds; return if there is
    none.
    """
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValidationFailed(f"{name}[{row}] is {array.flat[row]:g}: {remedy}.", path=(name, str(row)))


def positive(name: str, values: ArrayLike) -> Floats:
    """Like `floats`, and every value must be above zero."""
    array = floats(name, values)
    refuse(name, array, array <= 0, "it must be above zero")
    return array


def fraction(name: str, value: float) -> float:
    """`value` if it lies in [0, 1], else ValidationFailed."""
    if not 0 <= value <= 1:
        raise ValidationFailed(f"{name} is {value:g}: it must lie between 0 and 1.", path=(name,))
    return float(value)


def same_length(**columns: Floats | Ints | Bools) -> int:
    """The common length of the columns; ValidationFailed names the lengths when they differ."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValidationFailed(f"The columns differ in length: {lengths}.", path=tuple(lengths))
    return next(iter(lengths.values()))


def totals(index: Ints, weights: Floats, size: int = 0) -> Floats:
    """Sums of `weights` by `index`, shape (max(size, largest index + 1),)."""
    return np.asarray(np.bincount(index, weights, minlength=size), dtype=np.float64)
