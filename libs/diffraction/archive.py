"""DIALS files on disk: per chunk one set of integrated results and the strong spots of every hit.

`<name>_integrated.expt/.refl` and `<name>_strong.expt/.refl`, readable by DIALS's own programs, and
beside them `<name>_recipe.phil` with its `<name>_recipe.json`: versions, lane, and the command that
does it again. Files appear under their names only when they are complete, and a chunk that
is delivered again overwrites the same names.
"""

import os
import shlex
from pathlib import Path
from typing import Any

import msgspec

from libs.diffraction.quiet import quiet
from libs.diffraction.raw_frame import RawFrame
from libs.diffraction.tasks import ArchivePart, ArchiveTask, FrameTask


def part_of(task: FrameTask, frame: RawFrame, processor: Any) -> ArchivePart | None:
    """What the archive keeps of one processed frame; None for frames that are no hits."""
    n_strong = 0 if processor.strong is None else len(processor.strong)
    if n_strong < task.recipe.cutoffs.hit and processor.integrated is None:
        return None
    experiments, integrated = processor.integrated or (None, None)
    return ArchivePart(
        frame=task.frame,
        experiments="" if experiments is None else experiments_text(task, frame, experiments),
        integrated=b"" if integrated is None else _packed(integrated),
        strong_experiments=experiments_text(task, frame, [None]),
        strong=b"" if processor.strong is None else _packed(processor.strong),
    )


def write_archive(task: ArchiveTask) -> None:
    """Write one chunk's files; raises OSError where the folder cannot be written."""
    with quiet():
        folder = Path(task.folder)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, f"{task.name}_recipe.phil", task.recipe.phil.encode())
        _write(folder, f"{task.name}_recipe.json", _description(task))
        _write_set(folder, f"{task.name}_strong",
                   [(part.strong_experiments, part.strong) for part in task.parts])  # fmt: skip
        _write_set(folder, f"{task.name}_integrated",
                   [(part.experiments, part.integrated) for part in task.parts])  # fmt: skip


def experiments_text(task: FrameTask, frame: RawFrame, originals: Any) -> str:
    """Experiments that refer to the image in its file, as JSON; [None] stands for no crystal."""
    from dxtbx.model import Experiment, ExperimentList

    imageset = _imageset_on_disk(task, frame)
    kept = ExperimentList()
    for number, original in enumerate(originals):
        experiment = Experiment(
            imageset=imageset,
            beam=frame.beam if original is None else original.beam,
            detector=frame.detector if original is None else original.detector,
            crystal=None if original is None else original.crystal,
            profile=None if original is None else original.profile,
            identifier=f"{task.job}/{task.frame}/{number}",
        )
        kept.append(experiment)
    return str(kept.as_json())


def _imageset_on_disk(task: FrameTask, frame: RawFrame) -> Any:
    from dxtbx.format.FormatMultiImage import FormatMultiImage

    multi = issubclass(frame.format_class, FormatMultiImage)
    imageset = frame.format_class.get_imageset(
        [str(Path(task.file).absolute())],
        beam=frame.beam,
        detector=frame.detector,
        as_imageset=True,
        check_format=False,
        **({"single_file_indices": [task.index_in_file]} if multi else {}),
    )
    imageset.set_beam(frame.beam, 0)
    imageset.set_detector(frame.detector, 0)
    return imageset


def _packed(table: Any) -> bytes:
    kept = table.copy()
    if "shoebox" in kept:
        del kept["shoebox"]
    packed: bytes = kept.as_msgpack()
    return packed


def _write_set(folder: Path, name: str, parts: list[tuple[str, bytes]]) -> None:
    from dials.array_family import flex
    from dxtbx.model import ExperimentList

    experiments, reflections = ExperimentList(), flex.reflection_table()
    for text, packed in parts:
        if text and packed:
            _append(experiments, reflections, text, packed)
    if len(experiments):
        temporary = folder / f".{name}.{os.getpid()}"
        experiments.as_file(str(temporary.with_suffix(".expt")))
        reflections.as_file(str(temporary.with_suffix(".refl")))
        temporary.with_suffix(".refl").replace(folder / f"{name}.refl")
        temporary.with_suffix(".expt").replace(folder / f"{name}.expt")


def _append(experiments: Any, reflections: Any, text: str, packed: bytes) -> None:
    from dials.array_family import flex
    from dxtbx.model.experiment_list import ExperimentListFactory

    first = len(experiments)
    new = ExperimentListFactory.from_json(text, check_format=False)
    table = flex.reflection_table.from_msgpack(packed)
    for key in list(table.experiment_identifiers().keys()):
        del table.experiment_identifiers()[key]
    table["id"] = table["id"] + first
    for number, experiment in enumerate(new):
        experiments.append(experiment)
        table.experiment_identifiers()[first + number] = experiment.identifier
    reflections.extend(table)


def _description(task: ArchiveTask) -> bytes:
    content = {
        "job": task.job,
        "attempt": task.attempt,
        "recipe": msgspec.to_builtins(task.recipe),
        "recipe_hash": task.recipe.hash,
        "lane": task.recipe.lane.value,
        "command": _command(task),
        "files": task.files,
        "versions": task.versions,
        "frames": [part.frame for part in task.parts],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2)


def _command(task: ArchiveTask) -> str:
    """What processes these files in the same way, run beside the recipe."""
    words = [
        *("stillstream", "process", *task.files, "--recipe", f"{task.name}_recipe.phil"),
        *("--lane", task.recipe.lane.value, "--d-min", f"{task.recipe.d_min_angstrom:g}"),
    ]
    return shlex.join(words)


def _write(folder: Path, name: str, content: bytes) -> None:
    temporary = folder / f".{name}.{os.getpid()}"
    temporary.write_bytes(content)
    temporary.replace(folder / name)
