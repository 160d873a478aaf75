"""A catalogue in memory and a LiveView that a test can step."""

from typing import Any

import numpy as np

from libs.catalogue import StoredFrame
from libs.crystallography.rates import FrameColumns, Rows
from libs.messages import Cutoffs, FramesProcessed, JobState, Lane
from services.live_view.catalogue import CatalogueAwayError
from services.live_view.core import Showcase, ShownJob
from services.live_view.service import LiveView
from tests.crystallography.rates.builders import JOB, RUN, START_US, result


def shown_job(**fields: Any) -> ShownJob:
    """Run 13 as the database lists it."""
    defaults: dict[str, Any] = {
        "id": 7,
        "job": JOB,
        "attempt": 1,
        "run": RUN,
        "experiment": "common",
        "number": "13",
        "tags": ("batch 5",),
        "trial": 1,
        "lane": Lane.DIALS,
        "d_min_angstrom": 2.0,
        "state": JobState.ACTIVE,
        "open": True,
        "started_us": START_US,
        "n_announced": 10,
        "cutoffs": Cutoffs(),
    }
    return ShownJob(**(defaults | fields))


class MemoryCatalogue:
    """What the database holds; `is_away` makes it silent."""

    def __init__(self, *jobs: ShownJob) -> None:
        self.listed = list(jobs)
        self.is_away = False
        self.offset = self.n_tables = 0
        self._columns: dict[str, FrameColumns] = {}

    def put(self, message: FramesProcessed) -> None:
        """The sink stored a message."""
        self._columns.setdefault(message.job, FrameColumns()).upsert(message)
        self.offset += 1

    async def jobs(self) -> list[ShownJob]:
        self._answer()
        return list(self.listed)

    async def stored(self) -> dict[int, int]:
        self._answer()
        return {0: self.offset}

    async def rows(self, job: ShownJob) -> Rows:
        self._answer()
        return self._columns.setdefault(job.job, FrameColumns()).rows.copy()

    async def tables(self, job: ShownJob) -> Rows:
        self.n_tables += 1
        return await self.rows(job)

    async def compared(self, job: ShownJob, lane: Lane) -> Rows:
        rows = await self.rows(job)
        return rows if lane is job.lane else rows[:0]

    async def lanes(self, job: ShownJob) -> list[Lane]:
        self._answer()
        return [Lane.DIALS, Lane.FAST]

    async def frame(self, job: ShownJob, frame: int, lane: Lane) -> StoredFrame | None:
        self._answer()
        if frame != 3:
            return None
        return StoredFrame(
            job=job.job,
            run=job.run,
            attempt=1,
            lane=lane,
            file="/data/a.h5",
            recipe="0123456789abcdef",
            worker="host/1",
            versions={"dials": "3.12.1"},
            index_fraction=1.0,
            precedence=1,
            result=result(3, n_lattices=1),
        )

    def _answer(self) -> None:
        if self.is_away:
            raise CatalogueAwayError("the database does not answer: test")


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def now_us(self) -> int:
        return START_US + int(self.now_s * 1e6)

    def monotonic(self) -> float:
        return self.now_s


def live_view(catalogue: MemoryCatalogue, clock: Clock, *, most_jobs: int = 4) -> LiveView:
    """A LiveView on them."""
    return LiveView(
        showcase=Showcase(most_jobs=most_jobs),
        catalogue=catalogue,
        now_us=clock.now_us,
        monotonic=clock.monotonic,
    )


class Answer:
    """The binary answer of the API, taken apart."""

    NAMES = (
        ("frame", "<f8"), ("t", "<f8"), ("n_strong", "<u4"), ("solvent_ratio", "<f4"),
        ("d_min_contiguous", "<f4"), ("d_min_cctbx", "<f4"), ("n_lattices", "u1"), ("flags", "u1"),
    )  # fmt: skip

    def __init__(self, raw: bytes) -> None:
        header = np.frombuffer(raw, "<u4", 8).tolist()
        self.magic, self.version, self.n, self.revision, full, self.total = header[:6]
        self.full, at = bool(full), 32
        self.columns: dict[str, np.ndarray] = {}
        for name, dtype in self.NAMES:
            at += -at % 8
            self.columns[name] = np.frombuffer(raw, dtype, self.n, at)
            at += self.columns[name].nbytes

    @property
    def frames(self) -> list[float]:
        return self.columns["frame"].tolist()
