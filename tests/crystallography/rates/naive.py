"""FIELD's formulas as plainly as they can be written, to compare with."""

from collections.abc import Callable, Iterable, Sequence

from libs.messages import Cutoffs, FrameResult, Outcome, precedence

PROCESSED = (Outcome.PROCESSED, Outcome.SCREENED, Outcome.CRASHED, Outcome.TIMED_OUT)
Test = Callable[[FrameResult], bool]


def winners(results: Iterable[tuple[int, FrameResult]]) -> list[FrameResult]:
    """One result for each frame of the newest attempt, in frame order."""
    results = list(results)
    newest = max((attempt for attempt, _ in results), default=0)
    best: dict[int, FrameResult] = {}
    for attempt, r in results:
        if attempt == newest and (
            r.frame not in best or precedence(attempt, r) > precedence(attempt, best[r.frame])
        ):
            best[r.frame] = r
    return [best[frame] for frame in sorted(best)]


def processed(frames: Sequence[FrameResult]) -> list[FrameResult]:
    return [f for f in frames if f.outcome in PROCESSED]


class Judge:
    """The classes of FIELD under given cut-offs."""

    def __init__(self, cutoffs: Cutoffs | None = None, resolution: str = "contiguous") -> None:
        self.cutoffs, self.resolution = cutoffs or Cutoffs(), resolution

    def solvent(self, f: FrameResult) -> bool:
        ratio = f.solvent_ratio
        return ratio is not None and ratio > 0 and ratio >= self.cutoffs.solvent

    def hit(self, f: FrameResult) -> bool:
        return f.n_strong >= self.cutoffs.hit

    def selected(self, f: FrameResult) -> bool:
        return f.outcome is not Outcome.SCREENED

    def tried(self, f: FrameResult) -> bool:
        if f.outcome is Outcome.PROCESSED:
            return f.indexing_tried or self.indexed(f)
        return f.outcome in (Outcome.CRASHED, Outcome.TIMED_OUT)

    def indexed(self, f: FrameResult) -> bool:
        return f.outcome is Outcome.PROCESSED and len(f.lattices) > 0

    def multi(self, f: FrameResult) -> bool:
        return self.indexed(f) and len(f.lattices) >= self.cutoffs.lattices

    def high_quality(self, f: FrameResult) -> bool:
        d = f.d_min_contiguous if self.resolution == "contiguous" else f.d_min_cctbx
        return self.indexed(f) and d is not None and 0 < d <= self.cutoffs.d_min_quality_angstrom


def count(frames: Sequence[FrameResult], test: Test) -> int:
    return sum(1 for f in frames if test(f))


def summary(frames: Sequence[FrameResult], judge: Judge) -> dict[str, int]:
    shown = processed(frames)
    return {
        "n_processed": len(shown),
        "n_selected": count(shown, judge.selected),
        "n_tried": count(shown, judge.tried),
        "n_solvent": count(shown, judge.solvent),
        "n_hits": count(shown, judge.hit),
        "n_indexed": count(shown, judge.indexed),
        "n_multi_lattice": count(shown, judge.multi),
        "n_high_quality": count(shown, judge.high_quality),
        "n_unreadable": count(frames, lambda f: f.outcome is Outcome.UNREADABLE),
    }


def series(frames: Sequence[FrameResult], judge: Judge) -> list[tuple[float, float, float, float]]:
    shown = processed(frames)
    n, rows = len(shown), []
    half = min(50, max(n // 20, 1))
    for i in range(n):
        near = shown[max(0, i - half) : min(i + half, n)]
        wide = shown[max(0, i - 500) : min(i + 500, n)]
        selected, indexed = count(near, judge.selected), count(wide, judge.indexed)
        rows.append(
            (
                count(near, judge.solvent) / len(near),
                count(near, judge.indexed) / selected if selected else float("nan"),
                count(near, judge.multi) / selected if selected else float("nan"),
                count(wide, judge.high_quality) / indexed if indexed else 0.0,
            )
        )
    return rows


def live(frames: Sequence[FrameResult]) -> dict[str, list[FrameResult]]:
    shown = processed(frames)
    newest = max((f.ts_us for f in shown), default=0)
    windows = {
        name: [f for f in shown if f.ts_us >= newest - seconds * 1_000_000]
        for name, seconds in (("10s", 10), ("60s", 60), ("10min", 600))
    }
    return windows | {"100frames": shown[-100:], "1000frames": shown[-1000:]}
