"""A beamtime in front of a whole private stack: write runs, wait for results, read them back."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

import sqlalchemy as sa

from libs.demo.results import RunCounts, run_counts
from libs.demo.session import reader_engine
from libs.local_stack import LocalStack
from libs.simulation import QUICK_DETECTOR, BeamlineSettings, RunRequest, simulate_run

T = TypeVar("T")
DEADLINE_S = 240.0
POLL_S = 0.1
FIRST_STAMP_US = 1_795_000_000_000_000
FRAME_COLUMNS = (
    "frame, lane, ts_us, ts_source, outcome, n_strong, indexing_tried, n_lattices, solvent_ratio, "
    "solvent_ratio_cctbx, ring_low, ring_high, wavelength_angstrom, d_min_contiguous, "
    "d_min_cctbx, index_in_file, precedence"
)
LATTICE_COLUMNS = (
    "frame, lane, lattice, a_angstrom, b_angstrom, c_angstrom, alpha_deg, beta_deg, gamma_deg, "
    "space_group, a_matrix, n_indexed, n_integrated, rmsd_px, offset_fast_px, offset_slow_px, "
    "d_min_contiguous, d_min_cctbx, shells, precedence"
)
OWN_LANE = "lane = (SELECT job.lane FROM job WHERE job.id = job_id)"
RATES_COLUMNS = (
    "n_processed, n_selected, n_tried, n_solvent, n_hits, n_indexed, n_multi_lattice, "
    "n_high_quality, n_unreadable, n_announced, n_waiting, solvent_rate, hit_rate, indexing_rate, "
    "indexing_success_rate, multi_lattice_rate, high_quality_rate, preliminary, live"
)


def wait_for(what: str, condition: Callable[[], T | None], deadline_s: float = DEADLINE_S) -> T:
    """The condition's value once it is true; an assertion names what did not come."""
    end = monotonic() + deadline_s
    while monotonic() < end:
        value = condition()
        if value:
            return value
        sleep(POLL_S)
    raise AssertionError(f"waited {deadline_s:.0f} s in vain for {what}")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Everything that is kept of a run, timings and worker aside."""

    frames: Sequence[tuple[Any, ...]]
    lattices: Sequence[tuple[Any, ...]]
    rates: Sequence[tuple[Any, ...]]


class Beamtime:
    """Runs on disk, results in the database of one stack."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.folder = stack.paths.var / "beamtime"

    def write(
        self,
        number: int,
        *,
        frames: int,
        rate_hz: float = 0.0,
        scenario: str = "mixed",
        seed: int = 7,
        start_us: int | None = FIRST_STAMP_US,
    ) -> threading.Thread:
        """Write a run in the background; the same seed gives the same pixels and time stamps.

        `start_us=None` stamps the frames with the time at which they are written.
        """
        request = RunRequest(
            out=self.folder / "jet",
            scenario=scenario,
            frames=frames,
            rate_hz=rate_hz,
            seed=seed,
            run_number=number,
            beamline=BeamlineSettings(detector=QUICK_DETECTOR),
            start_us=start_us,
        )
        writer = threading.Thread(target=simulate_run, args=(request,), daemon=True)
        writer.start()
        return writer

    def run(self, source: str, number: str) -> RunCounts | None:
        """A run as the database has it now."""
        counts = self._ask(run_counts)
        return next((r for r in counts if (r.source, r.number) == (source, number)), None)

    def complete(self, source: str, number: str, deadline_s: float = DEADLINE_S) -> RunCounts:
        """The run, once all its frames are stored and counted."""

        def done() -> RunCounts | None:
            run = self.run(source, number)
            return run if run is not None and run.complete else None

        try:
            return wait_for(f"{source}/{number}", done, deadline_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; the database has {self.run(source, number)}") from error

    def stored(self, source: str, number: str, count: int) -> None:
        """Wait until at least so many frames of a run are stored."""
        wait_for(
            f"{count} frames of {source}/{number}",
            lambda: (run := self.run(source, number)) is not None and run.stored >= count,
        )

    def rows(self, source: str, number: str) -> Rows:
        """What is kept of a run, the reference results aside: they may still be on their way."""
        return Rows(
            frames=self._of_run(FRAME_COLUMNS, "frame", source, number, OWN_LANE),
            lattices=self._of_run(LATTICE_COLUMNS, "lattice", source, number, OWN_LANE),
            rates=self._of_run(RATES_COLUMNS, "rates", source, number),
        )

    def query(self, statement: str, **values: object) -> list[Mapping[str, Any]]:
        """Rows of a query by the reader's account."""

        async def ask(engine: Any) -> list[Mapping[str, Any]]:
            async with engine.connect() as connection:
                result = await connection.execute(sa.text(statement), values)
                return list(result.mappings().all())

        return self._ask(ask)

    def _of_run(
        self, columns: str, table: str, source: str, number: str, condition: str = "TRUE"
    ) -> list[tuple[Any, ...]]:
        rows = self.query(
            f"SELECT {columns} FROM {table} WHERE job_id = (SELECT job.id FROM job JOIN run "  # noqa: S608
            "ON run.id = job.run_id WHERE run.source = :source AND run.number = :number) "
            f"AND {condition} ORDER BY 1, 2, 3",
            source=source,
            number=number,
        )
        return [tuple(row.values()) for row in rows]

    def _ask(self, ask: Callable[[Any], Any]) -> Any:
        async def asked() -> Any:
            engine = reader_engine(self.stack)
            try:
                return await ask(engine)
            finally:
                await engine.dispose()

        with ThreadPoolExecutor(1) as pool:  # the test may have a loop of its own
            return pool.submit(asyncio.run, asked()).result()


def put(folder: Path, name: str, content: bytes) -> Path:
    """Move a file into place whole, as a detector does."""
    folder.mkdir(parents=True, exist_ok=True)
    waiting = folder / f".{name}"
    waiting.write_bytes(content)
    return waiting.rename(folder / name)
