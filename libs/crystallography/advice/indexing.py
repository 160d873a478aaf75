"""Noise taken for spots, and hits that do not index: FIELD, "Reading it", third and sixth row."""

from libs.crystallography.advice.bounds import lower, upper
from libs.crystallography.advice.tallies import T
from libs.crystallography.advice.view import Signal, View

MOST_FAINT, MANY_FAINT, FEWER_FAINT, HARDLY_INDEXED = 0.5, 0.25, 0.2, 0.25
FEW_INDEXED, MORE_INDEXED, SOME_HITS = 0.35, 0.45, 0.05


def picks_up_noise(view: View) -> Signal:
    """Most frames that are not indexed have between half the spots of a hit and a hit's."""
    now, faint = view.present, view.present[:, T.FAINT]
    most = lower(faint, now[:, T.PROCESSED], 3.0) > MANY_FAINT
    most &= lower(faint, now[:, T.PROCESSED] - now[:, T.INDEXED], 1.0) > MOST_FAINT
    hardly = upper(now[:, T.FAINT_INDEXED], now[:, T.FAINT_SELECTED], 3.0) < HARDLY_INDEXED
    fewer = view.share(10, T.FAINT, T.PROCESSED, 20) < FEWER_FAINT
    return Signal(raises=most & hardly, clears=fewer)


def indexing_fails(view: View) -> Signal:
    """There are hits, and few of those that were selected for indexing are indexed."""
    now = view.present
    fails = upper(now[:, T.INDEXED_HITS], now[:, T.SELECTED_HITS], 4.0) < FEW_INDEXED
    hits = lower(now[:, T.HITS], now[:, T.PROCESSED], 3.0) > SOME_HITS
    again = view.share(10, T.INDEXED_HITS, T.SELECTED_HITS, 10) > MORE_INDEXED
    return Signal(raises=fails & hits & (now[:, T.SELECTED_HITS] >= 20), clears=again)
