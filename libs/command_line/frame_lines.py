"""A frame result as one line of JSON, with the names that DESIGN gives to its fields."""

import os
import socket
from dataclasses import dataclass
from typing import Any

import msgspec
from numpy.typing import NDArray

from libs.diffraction import FrameTask
from libs.messages import FrameResult, Shells

SHELL_NAMES = ("n", "n_positive", "mean", "mean_positive")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What all frames of one command share."""

    job: str
    attempt: int
    run: str
    lane: str
    recipe: str
    worker: str
    versions: dict[str, str]

    @classmethod
    def of(cls, task: FrameTask, versions: dict[str, str]) -> "Batch":
        """The batch that a task belongs to."""
        return cls(
            job=task.job,
            attempt=task.attempt,
            run=task.run,
            lane=task.recipe.lane.value,
            recipe=task.recipe.hash,
            worker=f"{socket.gethostname()}/{os.getpid()}",
            versions=versions,
        )


def frame_line(batch: Batch, task: FrameTask, result: FrameResult) -> str:
    """One JSON object; missing numbers are null, shells are lists."""
    fields = _fields(result) | {"file": task.file, "index_in_file": task.index_in_file}
    content = {name: getattr(batch, name) for name in ("job", "attempt", "run")}
    content |= fields
    content |= {name: getattr(batch, name) for name in ("lane", "recipe", "worker", "versions")}
    return msgspec.json.encode(content).decode()


def _fields(part: Any) -> Any:
    """Like `msgspec.to_builtins`, with every field present and shells readable."""
    if isinstance(part, Shells):
        table = zip(SHELL_NAMES, part.columns(), strict=True)
        return {"d_min_angstrom": part.d_min_angstrom} | {n: _numbers(c) for n, c in table}
    if isinstance(part, msgspec.Struct):
        return {name: _fields(getattr(part, name)) for name in part.__struct_fields__}
    if isinstance(part, tuple):
        return [_fields(value) for value in part]
    return part


def _numbers(column: NDArray[Any]) -> list[float | int | None]:
    return [None if value != value else value for value in column.tolist()]
