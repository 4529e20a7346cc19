"""What every estimate must keep, and how many runs a simulation takes.

`SIMULATION_RUNS` in the environment asks for more runs than CI takes: SIMULATION_RUNS=5000 for a long form.
"""

import os
from math import isfinite

from inference.evaluation.intervals import Estimate, Status

BAND = 0.03


def runs(in_ci: int = 400) -> int:
    return int(os.environ.get("SIMULATION_RUNS", in_ci))


def assert_sound(estimate: Estimate, lowest: float = 0.0, highest: float = 1.0) -> None:
    """Numbers within reach and in order, undefined if and only if there is no value, a reason if and only if not ok."""
    assert isfinite(estimate.low)
    assert isfinite(estimate.high)
    assert lowest - 1e-9 <= estimate.low <= estimate.high <= highest + 1e-9
    assert (estimate.value is None) == (estimate.status is Status.UNDEFINED)
    assert (estimate.reason is None) == (estimate.status is Status.OK)
    if estimate.value is not None:
        assert estimate.low <= estimate.value <= estimate.high
        assert estimate.n > 0
