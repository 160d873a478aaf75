"""Frames as arrays, made up by a seeded generator: plausible, and without any physics."""

from dataclasses import dataclass, fields, replace

import numpy as np

COLUMNS = {
    "frame": "<f8",
    "t": "<f8",
    "n_strong": "<u4",
    "solvent_ratio": "<f4",
    "d_min_contiguous": "<f4",
    "d_min_cctbx": "<f4",
    "n_lattices": "u1",
    "flags": "u1",
}
PROCESSED, SELECTED, TRIED = 1, 2, 4


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Columns of equal length, in the order in which the server would send them."""

    frame: np.ndarray
    t: np.ndarray
    n_strong: np.ndarray
    solvent_ratio: np.ndarray
    d_min_contiguous: np.ndarray
    d_min_cctbx: np.ndarray
    n_lattices: np.ndarray
    flags: np.ndarray

    @property
    def n(self) -> int:
        """Number of frames, processed or not."""
        return len(self.frame)

    def take(self, rows: np.ndarray | slice) -> "Frames":
        """Some of the rows."""
        return Frames(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def is_processed(self) -> np.ndarray:
        """Rows that count in rates."""
        return (self.flags & PROCESSED) != 0


def at_cutoff(frames: Frames, i_sigi: float) -> Frames:
    """The same at another I/σ cut-off: made up, each step costs a fifth of an Å."""
    worse = np.float32(0.2 * (i_sigi - 1))
    return replace(
        frames,
        d_min_contiguous=frames.d_min_contiguous + worse,
        d_min_cctbx=frames.d_min_cctbx + worse,
    )


NO_FRAMES_SEED = 0


def no_frames() -> Frames:
    """A run that has only begun."""
    return random_frames(0, seed=NO_FRAMES_SEED)


def random_frames(
    n: int,
    *,
    seed: int,
    first: int = 1,
    hz: float = 30.0,
    unreadable: float = 0.0,
    screened: float = 0.0,
    crystals: float = 0.85,
) -> Frames:
    """`n` frames of a jet with crystals; fractions of them unreadable or only screened."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0, 9, n) if n else np.zeros(0)
    solvent = rng.random(n) < 0.88 - 0.08 * np.sin(phase) ** 2
    per_shot = rng.poisson(crystals * (1 + 0.4 * np.sin(phase / 2)), n) * solvent
    size = np.exp(4.5 + 0.7 * rng.standard_normal(n))
    spots = rng.poisson(np.where(solvent, 8, 3), n) + (size * per_shot).astype(int)
    is_selected = rng.random(n) >= screened
    is_processed = rng.random(n) >= unreadable
    tried = is_selected & is_processed & (spots >= 16) & (per_shot > 0)
    indexed = tried & (rng.random(n) < 0.95 - 0.17 * per_shot)
    lattices = np.where(indexed, np.where((per_shot > 1) & (rng.random(n) < 0.8), 2, 1), 0)
    d_min = 1.7 + 1.9 * np.exp(-size / 70) + 0.28 * np.abs(rng.standard_normal(n))
    no_limit = ~indexed | (rng.random(n) < 0.01)
    ratio = np.where(solvent, 1.34, 0.86) + 0.1 * rng.standard_normal(n)
    flags = (
        PROCESSED * is_processed + SELECTED * (is_selected & is_processed) + TRIED * tried
    ).astype(np.uint8)
    return Frames(
        frame=np.arange(first, first + n, dtype=float),
        t=np.round(np.arange(first - 1, first - 1 + n) / hz, 6),
        n_strong=np.where(is_processed, np.minimum(spots, 3000), 0),
        solvent_ratio=np.where(rng.random(n) < 0.01, np.nan, ratio).astype(np.float32),
        d_min_contiguous=np.where(no_limit, np.nan, d_min).astype(np.float32),
        d_min_cctbx=np.where(no_limit, np.nan, d_min - 0.1).astype(np.float32),
        n_lattices=lattices.astype(np.uint8),
        flags=flags,
    )
