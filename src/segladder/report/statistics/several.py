"""Many comparisons at once: p-values that hold for a table as a whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values: below a level, they bound the chance of any false "better" in the table (Holm, 1979).

    Args:
        p_values: `(N,)` in [0, 1]; NaN where there is no test, which does not count as one.

    Returns:
        `(N,)` in the same order, each at least the one given; NaN stays NaN.
    """
    given = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(len(given), np.nan)
    tested = np.flatnonzero(~np.isnan(given))
    order = tested[np.argsort(given[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * factors))
    return adjusted
