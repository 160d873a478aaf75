"""FIELD's formulas written down plainly, frame by frame: what the page has to equal."""

from typing import Any

import numpy as np

from tests.live_view.page.frames import SELECTED, TRIED, Frames

Z = 1.959963984540054
CUTS = {"hit": 40, "solvent": 1.0, "d_min_quality": 2.5, "lattices": 2, "resolution": "contiguous"}


def facts(frames: Frames, **changed: Any) -> list[dict[str, Any]]:
    """For every processed frame, in frame order, what it counts as."""
    cuts = {**CUTS, **changed}
    rows = []
    for row in np.argsort(frames.frame, kind="stable"):
        if not frames.is_processed()[row]:
            continue
        d_min = getattr(frames, f"d_min_{cuts['resolution']}")[row]
        indexed = bool(frames.n_lattices[row] >= 1)
        rows.append(
            {
                "frame": frames.frame[row],
                "t": frames.t[row],
                "solvent": bool(frames.solvent_ratio[row] >= np.float32(cuts["solvent"])),
                "hit": bool(frames.n_strong[row] >= cuts["hit"]),
                "selected": bool(frames.flags[row] & SELECTED),
                "tried": bool(frames.flags[row] & TRIED),
                "indexed": indexed,
                "multi": bool(frames.n_lattices[row] >= cuts["lattices"]),
                "quality": indexed and bool(d_min <= np.float32(cuts["d_min_quality"])),
            }
        )
    return rows


def wilson(numerator: int, denominator: int) -> dict[str, Any]:
    """A rate with its 95 % interval."""
    if denominator == 0:
        none = {"value": None, "low": None, "high": None}
        return {"numerator": numerator, "denominator": 0, **none}
    p, n, z2 = numerator / denominator, denominator, Z * Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * (p * (1 - p) / n + z2 / (4 * n * n)) ** 0.5 / (1 + z2 / n)
    return {
        "numerator": numerator,
        "denominator": denominator,
        "value": p,
        "low": 0.0 if numerator == 0 else centre - half,
        "high": 1.0 if numerator == denominator else centre + half,
    }


def rates(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The six rates over some frames."""

    def count(name: str) -> int:
        return sum(row[name] for row in rows)

    return {
        "solvent": wilson(count("solvent"), len(rows)),
        "hit": wilson(count("hit"), len(rows)),
        "indexing": wilson(count("indexed"), count("selected")),
        "indexing_success": wilson(count("indexed"), count("tried")),
        "multi_lattice": wilson(count("multi"), count("selected")),
        "high_quality": wilson(count("quality"), count("indexed")),
    }


def live(rows: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """The live windows: the last seconds of event time, the last frames in frame order."""
    times = [round(row["t"] * 1e6) for row in rows]
    newest = max(times, default=0)

    def last(seconds: int) -> list[dict[str, Any]]:
        oldest = newest - seconds * 1_000_000
        return [row for row, time in zip(rows, times, strict=True) if time >= oldest]

    return {
        "10s": rates(last(10)),
        "60s": rates(last(60)),
        "10min": rates(last(600)),
        "100frames": rates(rows[-100:]),
        "1000frames": rates(rows[-1000:]),
    }


def series(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The run-stats windows, position by position."""
    n = len(rows)
    half = min(50, max(n // 20, 1))
    result: dict[str, list[Any]] = {
        "frame": [row["frame"] for row in rows],
        "solvent_rate": [],
        "indexing_rate": [],
        "multi_lattice_rate": [],
        "high_quality_rate": [],
    }
    for i in range(n):
        near = rates(rows[max(0, i - half) : min(i + half, n)])
        wide = rates(rows[max(0, i - 500) : min(i + 500, n)])
        result["solvent_rate"].append(near["solvent"]["value"])
        result["indexing_rate"].append(near["indexing"]["value"])
        result["multi_lattice_rate"].append(near["multi_lattice"]["value"])
        result["high_quality_rate"].append(wide["high_quality"]["value"] or 0.0)
    return result
