"""The demo's table: what happened to each run. Only words and numbers, no I/O."""

from collections.abc import Sequence

from libs.demo.results import RunCounts

HEADER = ("run", "frames", "stored", "hits", "indexed", "2+ lattices", "latency", "state")


def table(runs: Sequence[RunCounts]) -> str:
    """One line per run; latency is the mean from written to result."""
    rows = [HEADER, *(_row(run) for run in runs)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _row(run: RunCounts) -> tuple[str, ...]:
    return (
        f"{run.source}/{run.number}",
        "…" if run.announced < 0 else str(run.announced),
        str(run.stored),
        _share(run.hits, run.counted),
        _share(run.indexed, run.counted),
        _share(run.multi_lattice, run.counted),
        "" if run.mean_latency_s is None else f"{run.mean_latency_s:.1f} s",
        "done" if run.complete else "running",
    )


def _share(count: int, total: int) -> str:
    return f"{count} ({100 * count / total:.0f} %)" if total else str(count)
