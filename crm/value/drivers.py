"""What satisfaction hangs on: how much each rated attribute explains of the overall score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm.errors import ValidationFailed
from crm.value.arrays import Floats

LEAST_PER_ATTRIBUTE = 10


@dataclass(frozen=True)
class Drivers:
    """For k attributes, shape (k,): means, standard deviations, correlations with the score, and weights.

    weights: relative weights (Johnson 2000), none below zero, that add up to `explained`, the R squared of the
    regression of the score on all attributes.
    """

    means: Floats
    correlations: Floats
    weights: Floats
    explained: float


def drivers(ratings: Floats, score: Floats) -> Drivers:
    """Derived importance of attributes. ratings: shape (n, k), complete; score: shape (n,).

    Relative weights go through the orthogonal variables nearest to the attributes (Johnson, Multivariate Behavioral
    Research 35, 2000), so attributes that go together share what they explain. An attribute that never varies
    explains nothing. ValidationFailed for fewer than ten rows per attribute, or a score that never varies.
    """
    rows, attributes = ratings.shape
    if rows < LEAST_PER_ATTRIBUTE * max(attributes, 1):
        raise ValidationFailed(
            f"{rows} complete answers are too few for {attributes} attributes; {LEAST_PER_ATTRIBUTE * attributes} are "
            "needed.",
            path=("ratings",),
        )
    if np.ptp(score) == 0:
        raise ValidationFailed("The score is the same in every answer: nothing can explain it.", path=("score",))
    varies = np.ptp(ratings, axis=0) > 0
    correlations, weights = np.zeros(attributes), np.zeros(attributes)
    if varies.any():
        joint = np.corrcoef(ratings[:, varies], score, rowvar=False)
        correlations[varies] = joint[:-1, -1]
        weights[varies] = _relative(joint[:-1, :-1], joint[:-1, -1])
    return Drivers(ratings.mean(axis=0), correlations, weights, float(weights.sum()))


def _relative(among: Floats, with_score: Floats) -> Floats:
    """Relative weights from the correlations among attributes (k, k) and with the score (k,)."""
    values, vectors = np.linalg.eigh(among)
    root = vectors @ np.diag(np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    direct = np.linalg.pinv(root, rcond=1e-10) @ with_score
    weights: Floats = root**2 @ direct**2
    return weights
