"""Too few crystals, too many, none: from the hits among frames with solvent (FIELD, "Crystals per
shot"), by the widest window that is certain and does not contradict what came after it.
"""

import math

import numpy as np

from libs.crystallography.advice.bounds import lower, share, upper
from libs.crystallography.advice.crystals import WORTHWHILE_FACTOR
from libs.crystallography.advice.tallies import FloatArray, IntArray, T
from libs.crystallography.advice.view import (
    LONG_S,
    SHORT_S,
    VERY_LONG_S,
    BoolArray,
    Signal,
    View,
)

AT_LEAST_SOLVENT = 60
SUDDEN_Z = 3.5


def _hits_at(crystals: float) -> float:
    """h = 1 − exp(−λ)"""
    return -math.expm1(-crystals)


FEW, MANY = _hits_at(1 / WORTHWHILE_FACTOR), _hits_at(WORTHWHILE_FACTOR)
VERY_FEW = _hits_at(0.5)
NOT_FEW, NOT_MANY = _hits_at(0.74), _hits_at(1.32)
"""Hysteresis: where the sample is good again."""
MOST_MULTI, FEWER_MULTI, MORE_SPOTS = 0.45, 0.4, 1.5
NONE_EXPECTED = 12
"""With so many hits expected and none seen, there are none."""
PRACTICALLY_NONE = 0.01


def too_dilute(view: View) -> Signal:
    """λ is certainly below 1 / 1.5."""
    now, short, long, longest = _windows(view)
    comes_still = view.last(4)[:, T.SOLVENT_HITS] > 0
    sudden = _upper(now, SUDDEN_Z) < VERY_FEW
    lasting = (
        (_upper(short, 4.0) < FEW) & (_lower(now, 2.0) <= _h(short))
        | (_upper(long, 4.0) < FEW) & (_lower(short, 2.0) <= _h(long)) & (_h(short) < FEW)
        | (_upper(longest, 3.0) < FEW) & (_lower(long, 1.0) <= _h(longest)) & (_h(long) < FEW)
        & (_h(short) < FEW)
    )  # fmt: skip
    enough = now[:, T.SOLVENT] >= AT_LEAST_SOLVENT
    clears = view.share(SHORT_S, T.SOLVENT_HITS, T.SOLVENT, AT_LEAST_SOLVENT) >= NOT_FEW
    return Signal(raises=enough & comes_still & (sudden | lasting & (_h(now) < FEW)), clears=clears)


def too_dense(view: View) -> Signal:
    """λ is certainly above 1.5; where no ring is measured, most indexed frames are multi-lattice
    and the frames that are not indexed have many more spots."""
    now, short, long, longest = _windows(view)
    sudden = _lower(now, SUDDEN_Z) > MANY
    lasting = (
        (_lower(short, 4.0) > MANY) & (_upper(now, 2.0) >= _h(short))
        | (_lower(long, 4.0) > MANY) & (_upper(short, 2.0) >= _h(long)) & (_h(short) > MANY)
        | (_lower(longest, 3.0) > MANY) & (_upper(long, 1.0) >= _h(longest)) & (_h(long) > MANY)
        & (_h(short) > MANY)
    )  # fmt: skip
    enough = now[:, T.SOLVENT] >= AT_LEAST_SOLVENT
    raises = enough & (sudden | lasting & (_h(now) > MANY)) | _crowded(now)
    no_rings = now[:, T.RINGS] == 0
    fewer = view.share(SHORT_S, T.MULTI_LATTICE, T.INDEXED, 20) < FEWER_MULTI
    fewer_hits = view.share(SHORT_S, T.SOLVENT_HITS, T.SOLVENT, AT_LEAST_SOLVENT) <= NOT_MANY
    return Signal(raises=raises, clears=np.where(no_rings, fewer, fewer_hits))


def no_crystals(view: View) -> Signal:
    """A jet, and not one hit where there should be many, or in a minute."""
    now, long = view.present, view.last(LONG_S)
    before = long - now
    expected = now[:, T.SOLVENT] * np.nan_to_num(_h(before), nan=0.0)
    none = (now[:, T.SOLVENT_HITS] == 0) & (now[:, T.SOLVENT] >= 100)
    surely = (long[:, T.SOLVENT_HITS] == 0) | (expected >= NONE_EXPECTED)
    hardly = (long[:, T.SOLVENT] >= 1000) & (_upper(long, 3.0) < PRACTICALLY_NONE)
    earlier = view.timeline.window(view.at, 10, before_s=10)
    some = (earlier[:, T.SOLVENT_HITS] >= 2) & (now[:, T.SOLVENT_HITS] >= 2)
    return Signal(raises=none & surely | hardly, clears=some & ~hardly)


def too_strict(view: View) -> Signal:
    """A jet, and no frame of the whole job has a spot: not even noise."""
    now = view.present
    ever = view.timeline.cumulated()[view.at + 1]
    never = ever[:, T.NO_SPOTS] >= 0.99 * ever[:, T.PROCESSED]
    none = (now[:, T.SOLVENT] >= 100) & (now[:, T.NO_SPOTS] >= 0.98 * now[:, T.PROCESSED])
    return Signal(raises=never & none, clears=view.share(10, T.NO_SPOTS, T.PROCESSED, 20) < 0.9)


def _crowded(now: IntArray) -> BoolArray:
    others = now[:, T.SELECTED_HITS] - now[:, T.INDEXED_HITS]
    multi = lower(now[:, T.MULTI_LATTICE], now[:, T.INDEXED], 3.0) > MOST_MULTI
    more = spots_ratio(now) > MORE_SPOTS
    crowded: BoolArray = (now[:, T.RINGS] == 0) & (others >= 20) & multi & more
    return crowded


def spots_ratio(sums: IntArray) -> FloatArray:
    """Mean spots of hits that are not indexed over those of hits that are; NaN without either."""
    others = share(sums[:, T.SPOTS_OF_OTHERS], sums[:, T.SELECTED_HITS] - sums[:, T.INDEXED_HITS])
    indexed = share(sums[:, T.SPOTS_OF_INDEXED], sums[:, T.INDEXED_HITS])
    return others / indexed


def _windows(view: View) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """The present and longer windows. A longer one counts only where the next shorter one agrees
    with it: after a change it is a mixture of before and after."""
    return view.present, view.last(SHORT_S), view.last(LONG_S), view.last(VERY_LONG_S)


def _h(sums: IntArray) -> FloatArray:
    return share(sums[:, T.SOLVENT_HITS], sums[:, T.SOLVENT])


def _upper(sums: IntArray, z: float) -> FloatArray:
    return upper(sums[:, T.SOLVENT_HITS], sums[:, T.SOLVENT], z)


def _lower(sums: IntArray, z: float) -> FloatArray:
    return lower(sums[:, T.SOLVENT_HITS], sums[:, T.SOLVENT], z)
