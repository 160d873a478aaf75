"""Random frame results: every outcome, missing values, several attempts, values at the cut-offs."""

from hypothesis import strategies as st

from libs.messages import FrameResult, Outcome
from tests.crystallography.rates.builders import START_US, lattice, result, shells

RATIO = st.sampled_from([None, -1.0, 0.0, 0.5, 0.9999999999999999, 1.0, 1.7, 30.0])
D_MIN = st.sampled_from([None, 1.8, 2.2, 2.5, 2.5000000000000004, 3.1, 0.0])
TABLES = st.sampled_from([None, shells([9.0] * 10), shells([9, 7, 5, 4, 3, 2, 1, 0.5, 2, 0])])


@st.composite
def results(draw: st.DrawFn, largest_frame: int = 40) -> FrameResult:
    frame = draw(st.integers(0, largest_frame))
    n_lattices = draw(st.sampled_from([0, 0, 1, 2, 3]))
    return result(
        frame,
        ts_us=START_US + draw(st.integers(0, 1_200_000_000)),
        outcome=draw(st.sampled_from(Outcome)),
        n_strong=draw(st.sampled_from([0, 15, 16, 39, 40, 41, 900])),
        indexing_tried=draw(st.booleans()),
        solvent_ratio=draw(RATIO),
        d_min_contiguous=draw(D_MIN),
        d_min_cctbx=draw(D_MIN),
        lattices=tuple(lattice(draw(TABLES)) for _ in range(n_lattices)),
    )


ATTEMPTED = st.tuples(st.integers(1, 3), results())
"""(attempt, result)"""
