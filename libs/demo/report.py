"""The demo's table: what happened to each run. Only words and numbers, no I/O."""

from collections.abc import Sequence

from libs.demo.results import Latencies, RunCounts

HEADER = ("run", "frames", "stored", "hits", "indexed", "2+ lattices", "median", "95 %", "state")


def table(runs: Sequence[RunCounts], latencies: Latencies) -> str:
    """One line per run; median and 95 % are of the time from written to result."""
    rows = [HEADER, *(_row(run, latencies.get((run.source, run.number), [])) for run in runs)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _row(run: RunCounts, latencies_s: Sequence[float]) -> tuple[str, ...]:
    return (
        f"{run.source}/{run.number}",
        "…" if run.announced < 0 else str(run.announced),
        str(run.stored),
        _share(run.hits, run.counted),
        _share(run.indexed, run.counted),
        _share(run.multi_lattice, run.counted),
        _quantile(latencies_s, 0.5),
        _quantile(latencies_s, 0.95),
        "done" if run.complete else "running",
    )


def _quantile(seconds: Sequence[float], q: float) -> str:
    """The value of that rank, none in between."""
    ordered = sorted(seconds)
    return f"{ordered[int(q * (len(ordered) - 1) + 0.5)]:.2f} s" if ordered else ""


def _share(count: int, total: int) -> str:
    return f"{count} ({100 * count / total:.0f} %)" if total else str(count)
