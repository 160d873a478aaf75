"""`stillstream process`: frames through the lanes without broker or database.

One frame result, as a JSON object, per line on standard output, in the order of the frames; what
the two lanes say of the same frames is compared on standard error.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import click
import msgspec
from tqdm import tqdm

from libs.command_line.compared_lanes import ComparedLanes
from libs.command_line.found_cells import show_proposals
from libs.command_line.frame_lines import Batch, frame_line
from libs.command_line.named_files import named_files
from libs.crystallography.cells import without_known_cell
from libs.diffraction import DiffractionError, FramePool, FrameReply, FrameTask, RecipeError
from libs.messages import FrameNumber, Lane, Recipe, RunId, job_id, run_id

EXPERIMENT, SOURCE = "local", "files"
LANES = {"dials": (Lane.DIALS,), "fast": (Lane.FAST,), "both": (Lane.FAST, Lane.DIALS)}


@click.command("process")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--recipe", "recipe_file", required=True, type=click.Path(dir_okay=False),
              help="PHIL file with the parameters of dials.stills_process")  # fmt: skip
@click.option("--lane", type=click.Choice(list(LANES)), default="dials", show_default=True,
              help="fast needs a known cell; both compares them on standard error")  # fmt: skip
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
@click.option("--find-cell", is_flag=True,
              help="Forget the recipe's cell; propose those that the frames speak for")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="JSON lines only: no progress bar")
def command(
    files: tuple[str, ...], recipe_file: str, lane: str, workers: int, d_min: float, time_zone: str,
    timeout_cpu: float, number: str, find_cell: bool, as_json: bool,
) -> None:  # fmt: skip
    """Process the frames of FILES (images, folders, patterns): one JSON object per frame and lane;
    with --find-cell, the unit cells instead."""
    _check_zone(time_zone)
    if find_cell and lane != "dials":
        raise click.ClickException("--find-cell needs --lane dials: only that finds unknown cells")
    phil = _read_recipe(recipe_file)
    phil = without_known_cell(phil) if find_cell else phil
    recipe = Recipe(phil=phil, d_min_angstrom=d_min, timeout_cpu_s=timeout_cpu)
    run = run_id(EXPERIMENT, SOURCE, number, 1)
    try:
        with FramePool(workers) as pool:
            recipes = _recipes(pool, recipe, LANES[lane])
            tasks = list(_tasks(pool, files, run, recipes, time_zone))
            if find_cell:
                _find_cells(pool, tasks, as_json=as_json)
            else:
                _print_results(pool, tasks, recipes, as_json=as_json)
    except RecipeError as error:
        raise click.ClickException(f"{recipe_file}: {error}") from error
    except DiffractionError as error:
        raise click.ClickException(str(error)) from error


def _recipes(pool: FramePool, recipe: Recipe, lanes: tuple[Lane, ...]) -> list[Recipe]:
    """The recipe once for each lane; where the fast one cannot do it, `dials` does, and it is said.

    Raises RecipeError.
    """
    found = [pool.complete_recipe(msgspec.structs.replace(recipe, lane=lane)) for lane in lanes]
    reason = found[0].lane_reason
    if reason and len(found) > 1:
        raise RecipeError(f"{reason}; so there are no two lanes to compare")
    if reason:
        click.echo(f"{reason}; the frames go through the dials lane", err=True)
    return found


def _print_results(
    pool: FramePool, tasks: list[FrameTask], recipes: list[Recipe], *, as_json: bool
) -> None:
    versions = pool.versions()
    compared = ComparedLanes()
    for task, reply in _process(pool, tasks, hide_progress=as_json):
        print(frame_line(Batch.of(task, versions), task, reply.result), flush=True)
        if len(recipes) > 1:
            compared.take(task, reply.result)
    if len(recipes) > 1:
        click.echo(compared.as_json() if as_json else compared.as_text(), err=True)


def _find_cells(pool: FramePool, tasks: list[FrameTask], *, as_json: bool) -> None:
    replies = [reply for _, reply in _process(pool, tasks, hide_progress=as_json)]
    cells = [lattice.unit_cell for reply in replies for lattice in reply.result.lattices]
    show_proposals(pool.propose_cells(cells), n_frames=len(tasks), as_json=as_json)


def _tasks(
    pool: FramePool, files: tuple[str, ...], run: RunId, recipes: list[Recipe], time_zone: str
) -> Iterator[FrameTask]:
    frame = 0
    for file in named_files(files):
        for index in range(pool.count_images(file)):
            for recipe in recipes:
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
        except BaseException:
            pool.close()  # an interrupted command does not wait for its frames
            raise
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
