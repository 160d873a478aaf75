"""From a scenario's name to a run on disk: the entry points for tests, the demo and the command.

`simulate_run` writes a whole run at its rate; `prepare_run` gives a writer whose frames the caller
asks for one by one, and `paced` slows any iterator down to a rate.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from libs.messages.units import US_PER_SECOND, us_from_seconds
from libs.simulation.beamline import Beamline
from libs.simulation.conditions import Kind, condition_of
from libs.simulation.errors import SimulationError
from libs.simulation.run import RunSettings, RunWriter
from libs.simulation.scenario import Scenario
from libs.simulation.scenarios import make_scenario
from libs.simulation.settings import BeamlineSettings
from libs.simulation.truth import FrameTruth, RunTruth, read_run_truth

NOMINAL_RATE_HZ = 30.0

Item = TypeVar("Item")
Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What a person asks for.

    `rate_hz` 0 writes as fast as possible; its time stamps are then 30 Hz apart and end now, as
    if the run had just been recorded. With a rate, the first stamp is the moment of the start.
    `run_number` None takes the next free one in `out`. `start_us` fixes the first time stamp.
    """

    out: Path
    scenario: str | Scenario
    frames: int
    rate_hz: float = 0.0
    seed: int = 1
    run_number: int | None = None
    onset_frame: int | None = None
    cure_frame: int | None = None
    beamline: BeamlineSettings = field(default_factory=BeamlineSettings)
    frames_per_file: int | None = None
    flush_every: int = 1
    prefix: str = "shot"
    start_us: int | None = None


def simulate_run(request: RunRequest) -> RunTruth:
    """Write the whole run in real time (or as fast as possible); give back its truth."""
    writer = prepare_run(request)
    for _ in run_frames(writer, request.rate_hz):
        pass
    return read_run_truth(writer.folder)


def run_frames(writer: RunWriter, rate_hz: float) -> Iterator[FrameTruth]:
    """The writer's frames, each as soon as it is on disk and its time has come."""
    return paced(writer.frames(), rate_hz) if rate_hz > 0 else writer.frames()


def prepare_run(request: RunRequest, *, now: Clock = time.time) -> RunWriter:
    """Check the request, build the beamline, compile what needs compiling. Writes nothing."""
    _check(request)
    beamline = Beamline(request.beamline)
    beamline.shoot(request.seed, 0, condition_of(Kind.JUNK))
    beamline.shoot(request.seed, 0, condition_of(Kind.HIT))
    number = request.run_number
    number = next_run_number(request.out) if number is None else number
    period_us = round(US_PER_SECOND / (request.rate_hz or NOMINAL_RATE_HZ))
    settings = RunSettings(
        folder=request.out / f"r{number:04d}",
        scenario=_scenario(request),
        frames=request.frames,
        seed=request.seed,
        start_us=_start_us(request, period_us, now),
        period_us=period_us,
        prefix=request.prefix,
        frames_per_file=request.frames_per_file,
        flush_every=request.flush_every,
    )
    return RunWriter(beamline, settings)


def next_run_number(out: Path) -> int:
    """One more than the largest `rNNNN` in `out`, 1 where there is none."""
    names = (re.fullmatch(r"r(\d+)", path.name) for path in out.glob("r*"))
    return max((int(name[1]) for name in names if name), default=0) + 1


def paced(
    items: Iterable[Item],
    rate_hz: float,
    *,
    clock: Clock = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Item]:
    """Ask for item n (from 0) n / rate_hz seconds after the start, at once where that is late."""
    begin = clock()
    iterator = iter(items)
    number = 0
    while True:
        early = begin + number / rate_hz - clock()
        if early > 0:
            sleep(early)
        try:
            item = next(iterator)
        except StopIteration:
            return
        yield item
        number += 1


def _scenario(request: RunRequest) -> Scenario:
    if not isinstance(request.scenario, str):
        return request.scenario
    return make_scenario(
        request.scenario,
        request.frames,
        onset_frame=request.onset_frame,
        cure_frame=request.cure_frame,
    )


def _start_us(request: RunRequest, period_us: int, now: Clock) -> int:
    if request.start_us is not None:
        return request.start_us
    duration_us = 0 if request.rate_hz > 0 else request.frames * period_us
    return us_from_seconds(now()) - duration_us


def _check(request: RunRequest) -> None:
    if request.frames < 1:
        raise SimulationError(f"A run needs at least one frame, not {request.frames}.")
    if request.rate_hz < 0:
        raise SimulationError(f"A rate cannot be negative ({request.rate_hz}); 0 means no pause.")
    if request.frames_per_file is not None and request.frames_per_file < 1:
        raise SimulationError(f"A file holds at least one frame, not {request.frames_per_file}.")
    if request.flush_every < 1:
        raise SimulationError(f"Frames are flushed every 1 or more, not {request.flush_every}.")
