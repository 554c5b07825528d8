"""How alike are two faces, and what follows from it?

A face is described by the 128 numbers of dlib's network, and two faces are compared by their Euclidean distance. The
contract's numbers are cosines of another network; the equivalents here are from a measurement of that distance on 427
pairs of one person and 3,759 of two: up to 0.50 are 94 % of the former and none of the latter, up to 0.55 98 % and
0.08 %, up to 0.60 99.3 % and 0.2 %. The median of one person is 0.39, the first percentile of two people 0.66.
Children look alike, and were not in that set: for them the strictest distance holds.

Who imports this module does not import numpy; it is loaded where it is used, which is never on the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

LENGTH: Final = 128
"""Numbers of an embedding."""

SUGGEST: Final = 0.58
"""A face this close to one of a person may be theirs (contract: 0.75)."""

FURTHEST: Final = 0.60
"""No one is ever suggested beyond this, whatever a request asks for."""

SURE: Final = 0.50
"""No pair of two people was closer than this; for looking again at who is nobody yet (contract: 0.90)."""

SAME: Final = 0.50
"""Faces this close to the first of a group belong to it (contract: 0.95). They have no name to be measured by."""

PAIR: Final = 0.45
"""Two faces alone are a group up to here (contract: 0.97): there is no third to bear witness."""

CHILD: Final = 12
"""Years of age below which a person is only suggested at :data:`SURE`."""

_ANCHORS: Final = (
    (0.0, 100.0),
    (PAIR, 97.0),
    (SURE, 90.0),
    (SUGGEST, 75.0),
    (FURTHEST, 70.0),
    (0.66, 25.0),
    (1.0, 0.0),
)
"""Distances and what the contract's scale of 0–100 calls them; straight lines between."""


def confidence_of(distance: NDArray[np.float32]) -> NDArray[np.float64]:
    """Euclidean distances as confidences 0–100: the contract's bars stand where the measured distances do."""
    import numpy as np

    distances, confidences = zip(*_ANCHORS, strict=True)
    found: NDArray[np.float64] = np.interp(distance, distances, confidences)
    return found


def distance_of(confidence: float) -> float:
    """The distance that has this confidence 0–100: the inverse of :func:`confidence_of`."""
    import numpy as np

    distances, confidences = zip(*_ANCHORS, strict=True)
    return float(np.interp(confidence, confidences[::-1], distances[::-1]))


def distances_between(ones: Vectors, others: Vectors) -> Vectors:
    """Every distance between rows of ``ones`` and rows of ``others`` (n × 128, m × 128): n × m."""
    import numpy as np

    squares: Vectors = (ones**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None, :]
    squares -= 2 * (ones @ others.T)
    np.maximum(squares, 0, out=squares)
    np.sqrt(squares, out=squares)
    return squares
