"""`stillstream process`: frames through the `dials` lane without broker or database.

One frame result, as a JSON object, per line on standard output, in the order of the frames.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import click
from tqdm import tqdm

from libs.command_line.frame_lines import Batch, frame_line
from libs.diffraction import DiffractionError, FramePool, FrameReply, FrameTask, RecipeError
from libs.messages import FrameNumber, Recipe, RunId, job_id, run_id

EXPERIMENT, SOURCE = "local", "files"


@click.command("process")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--recipe", "recipe_file", required=True, type=click.Path(dir_okay=False),
              help="PHIL file with the parameters of dials.stills_process")  # fmt: skip
@click.option("--lane", type=click.Choice(["dials", "fast", "both"]), default="dials",
              show_default=True)  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 256), default=lambda: os.cpu_count() or 1,
              help="Frames at a time; one per processor by default")  # fmt: skip
@click.option("--d-min", type=click.FloatRange(0.3, 50.0), default=2.0, show_default=True,
              help="Resolution (Å) down to which shells are tabulated")  # fmt: skip
@click.option("--time-zone", default="UTC", show_default=True,
              help="Zone of time stamps that carry none")  # fmt: skip
@click.option("--timeout-cpu", type=click.FloatRange(0.1), default=60.0, show_default=True,
              help="CPU seconds after which a frame is given up")  # fmt: skip
@click.option("--run", "number", default="1", show_default=True,
              help="Number of the run in the results")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="JSON lines only: no progress bar")
def command(
    files: tuple[str, ...], recipe_file: str, lane: str, workers: int, d_min: float, time_zone: str,
    timeout_cpu: float, number: str, as_json: bool,
) -> None:  # fmt: skip
    """Process the frames of FILES (CBF, .cbf.bz2, HDF5) and print one JSON object per frame."""
    if lane != "dials":
        raise click.ClickException(
            f"lane {lane} is not available in this version; use --lane dials"
        )
    _check_zone(time_zone)
    recipe = Recipe(phil=_read_recipe(recipe_file), d_min_angstrom=d_min, timeout_cpu_s=timeout_cpu)
    run = run_id(EXPERIMENT, SOURCE, number, 1)
    try:
        with FramePool(workers) as pool:
            completed = pool.complete_recipe(recipe)
            tasks = list(_tasks(pool, files, run, completed, time_zone))
            batch = Batch.of(tasks[0], pool.versions())
            for task, reply in _process(pool, tasks, hide_progress=as_json):
                print(frame_line(batch, task, reply.result), flush=True)
    except RecipeError as error:
        raise click.ClickException(f"{recipe_file}: {error}") from error
    except DiffractionError as error:
        raise click.ClickException(str(error)) from error


def _tasks(
    pool: FramePool, files: tuple[str, ...], run: RunId, recipe: Recipe, time_zone: str
) -> Iterator[FrameTask]:
    frame = 0
    for file in files:
        for index in range(pool.count_images(file)):
            yield FrameTask(
                job=job_id(run, 0, 0),
                attempt=0,
                run=run,
                frame=FrameNumber(frame),
                file=str(Path(file).absolute()),
                index_in_file=index,
                recipe=recipe,
                time_zone=time_zone,
                written_us=_written_us(file),
            )
            frame += 1


def _process(
    pool: FramePool, tasks: list[FrameTask], *, hide_progress: bool
) -> Iterator[tuple[FrameTask, FrameReply]]:
    """Replies in the order of the tasks; the bar counts frames as they end."""
    hidden = hide_progress or not sys.stderr.isatty()
    with (
        tqdm(total=len(tasks), unit="frame", disable=hidden, file=sys.stderr) as bar,
        ThreadPoolExecutor(pool.size) as threads,
    ):

        def work(task: FrameTask) -> FrameReply:
            reply = pool.process(task)
            bar.update()
            return reply

        futures: list[Future[FrameReply]] = [threads.submit(work, task) for task in tasks]
        try:
            for task, future in zip(tasks, futures, strict=True):
                yield task, future.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _written_us(file: str) -> int | None:
    try:
        return Path(file).stat().st_mtime_ns // 1000
    except OSError:
        return None


def _read_recipe(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"the recipe {path} cannot be read: {error}") from error


def _check_zone(name: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise click.ClickException(f"unknown time zone {name}: try Europe/Zurich") from error
