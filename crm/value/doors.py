"""What the models let in: parameters, histories, times ahead and rates, checked before anything is computed.

Lists and single numbers are taken as arrays; a single number is a customer of its own, or stands for every customer
where the others are many. Each check raises ValidationFailed, which names the argument, the value and the remedy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, Parameters, columns, floats, refuse


def parameters(names: tuple[str, ...], p: Parameters) -> Floats:
    """`p` as an array, shape (k,): a number above zero for each of `names`."""
    given = floats("parameters", p)
    if given.shape != (len(names),):
        raise ValidationFailed(
            f"parameters has {given.size} numbers: give {len(names)}, {', '.join(names)}.", path=("parameters",)
        )
    if (given <= 0).any():
        at = int(np.argmax(given <= 0))
        raise ValidationFailed(f"{names[at]} is {given[at]:g}: it must be above zero.", path=(names[at],))
    return given


def past(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> tuple[Floats, ...]:
    """x purchases after the first, the last of them at t_x, seen until T; three columns of one shape."""
    x, t_x, T = columns(x=x, t_x=t_x, T=T)
    refuse("x", x, x < 0, "count purchase days, 0 or more")
    refuse("t_x", t_x, t_x < 0, "the last purchase cannot precede the first")
    refuse("T", T, t_x > T, "observation cannot end before the last purchase")
    return x, t_x, T


def standing(x: ArrayLike, T: ArrayLike) -> tuple[Floats, ...]:
    """x purchases after the first, seen until T: all that matters of one who is alive; two columns of one shape."""
    x, T = columns(x=x, T=T)
    refuse("x", x, x < 0, "count purchase days, 0 or more")
    refuse("T", T, T < 0, "observation cannot end before the first purchase")
    return x, T


def ahead(t: ArrayLike) -> Floats:
    """Times ahead, 0 or more, in the unit of T; to broadcast against the customers."""
    times = floats("t", t)
    refuse("t", times, times < 0, "give a time of 0 or more")
    return times


def discounting(name: str, rate: float) -> float:
    """A discount rate above zero, without which value that has no end is not finite."""
    if not 0 < rate < np.inf:
        raise ValidationFailed(f"{name} is {rate:g}: without an end, value needs a rate above 0.", path=(name,))
    return float(rate)
