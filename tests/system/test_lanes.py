"""A fast job on real parts: its reference sample goes through DIALS, and the agreement is shown."""

from typing import Any

import pytest

from libs.messages import FrameNumber, run_id, selected_for_reference
from tests.system.beamtime import Beamtime, wait_for
from tests.system.prometheus import query

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
FRAMES, RUN, SAMPLE = 12, "r0060", 0.2
SAMPLED = """
    SELECT frame.frame, frame.n_strong, frame.n_lattices FROM frame
    JOIN job ON job.id = frame.job_id JOIN run ON run.id = job.run_id
    WHERE run.source = 'jet' AND run.number = :number AND frame.lane = :lane ORDER BY frame.frame
"""


def rows(beamtime: Beamtime, lane: str) -> dict[int, tuple[Any, ...]]:
    found = beamtime.query(SAMPLED, number=RUN, lane=lane)
    return {row["frame"]: (row["n_strong"], row["n_lattices"]) for row in found}


def test_a_fast_job_is_checked_by_its_reference_sample(beamtime: Beamtime) -> None:
    beamtime.write(60, frames=FRAMES, start_us=None).join()
    counts = beamtime.complete("jet", RUN)
    fast = rows(beamtime, "fast")
    assert sorted(fast) == list(range(FRAMES))
    run = run_id("systest", "jet", RUN, 1)
    expected = {f for f in range(FRAMES) if selected_for_reference(run, FrameNumber(f), SAMPLE)}
    assert expected
    reference = wait_for(
        f"the reference results of frames {sorted(expected)}",
        lambda: (found := rows(beamtime, "dials")).keys() == expected and found,
    )
    assert [fast[frame][0] for frame in reference] == [n for n, _ in reference.values()]
    assert (counts.stored, counts.rates_processed) == (FRAMES, FRAMES)
    url = beamtime.stack.addresses()["prometheus"]
    wait_for("the agreement in Prometheus", lambda: _compared(url) == len(expected))


def _compared(url: str) -> int:
    return int(sum(float(row["value"][1]) for row in query(url, "stillstream_agreement_frames")))
