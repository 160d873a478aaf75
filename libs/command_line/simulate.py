"""`stillstream simulate`: a beamline that writes real files with known truth."""

import sys
from pathlib import Path

import click
import msgspec
from tqdm import tqdm

from libs.simulation import (
    QUICK_DETECTOR,
    SCENARIO_NAMES,
    BeamlineSettings,
    DetectorSettings,
    RunRequest,
    RunTruth,
    SimulationError,
    prepare_run,
    read_run_truth,
    run_frames,
)
from libs.simulation.symmetry import SAMPLES

_DETECTORS = {"full": DetectorSettings(), "quick": QUICK_DETECTOR}


@click.command(name="simulate")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--scenario", default="steady", show_default=True, type=click.Choice(SCENARIO_NAMES))
@click.option("--frames", default=300, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--rate",
    "rate_hz",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Frames per second; 0: as fast as possible.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0))
@click.option(
    "--cell", "sample", default="lysozyme", show_default=True, type=click.Choice(list(SAMPLES))
)
@click.option("--frames-per-file", type=click.IntRange(min=1), help="Default: one file.")
@click.option("--run-number", type=click.IntRange(min=0), help="Default: the next free one.")
@click.option("--onset", "onset_frame", type=click.IntRange(min=0), help="First troubled frame.")
@click.option("--cure", "cure_frame", type=click.IntRange(min=0), help="First frame after it.")
@click.option(
    "--detector",
    default="full",
    show_default=True,
    type=click.Choice(list(_DETECTORS)),
    help="quick: half the pixels, the same angles.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the truth about the run as JSON.")
def command(
    out: Path,
    scenario: str,
    frames: int,
    rate_hz: float,
    seed: int,
    sample: str,
    frames_per_file: int | None,
    run_number: int | None,
    onset_frame: int | None,
    cure_frame: int | None,
    detector: str,
    as_json: bool,
) -> None:
    """Write a run of simulated stills into the folder OUT, live, with its truth beside it."""
    request = RunRequest(
        out=out,
        scenario=scenario,
        frames=frames,
        rate_hz=rate_hz,
        seed=seed,
        run_number=run_number,
        onset_frame=onset_frame,
        cure_frame=cure_frame,
        beamline=BeamlineSettings(sample=sample, detector=_DETECTORS[detector]),
        frames_per_file=frames_per_file,
    )
    try:
        folder = _write(request)
    except SimulationError as error:
        raise click.ClickException(str(error)) from error
    truth = read_run_truth(folder)
    print(msgspec.json.encode(truth).decode() if as_json else _summary(folder, truth))


def _write(request: RunRequest) -> Path:
    writer = prepare_run(request)
    frames = run_frames(writer, request.rate_hz)
    shown = sys.stderr.isatty()
    for _ in tqdm(frames, total=request.frames, unit="frame", disable=not shown):
        pass
    return writer.folder


def _summary(folder: Path, truth: RunTruth) -> str:
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(truth.frames_by_kind.items()))
    lines = [f"{folder}: {truth.frames} frames of {truth.scenario} ({kinds})"]
    if truth.onset_frame is not None:
        cure = "it lasts" if truth.cure_frame is None else f"cured at frame {truth.cure_frame}"
        lines.append(f"trouble starts at frame {truth.onset_frame}; {cure}")
    return "\n".join(lines)
