"""DIALS's stills processor, unchanged in what it computes, that tells what it did on the way."""

import time
from collections.abc import Callable
from typing import Any

from dials.command_line.stills_process import Processor


class WatchedProcessor(Processor):  # type: ignore[misc]
    """Keeps the strong spots, the indexed and the integrated reflections of one frame."""

    def __init__(
        self,
        params: Any,
        after_spots: Callable[[Any], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(params)
        self._clock = clock
        self._after_spots = after_spots
        self.step = "prepare"
        """The step that ran last: where a failure happened."""
        self.seconds: dict[str, float] = {}
        self.strong: Any = None
        self.indexed: tuple[Any, Any] | None = None
        """Experiments (one per lattice) and indexed reflections, after refinement."""
        self.integrated: tuple[Any, Any] | None = None
        """Experiments and integrated reflections."""
        self.tried = False

    def find_spots(self, experiments: Any) -> Any:
        """Find strong spots, then tell."""
        self.strong = self._timed("find", super().find_spots, experiments)
        self._after_spots(self.strong)
        return self.strong

    def index(self, experiments: Any, reflections: Any) -> Any:
        """Index."""
        self.tried = True
        return self._timed("index", super().index, experiments, reflections)

    def refine(self, experiments: Any, centroids: Any) -> Any:
        """Refine, where the recipe asks for it."""
        self.indexed = self._timed("refine", super().refine, experiments, centroids)
        return self.indexed

    def integrate(self, experiments: Any, indexed: Any) -> Any:
        """Integrate."""
        return self._timed("integrate", super().integrate, experiments, indexed)

    def write_integration_pickles(
        self, integrated: Any, experiments: Any, callback: Any = None
    ) -> None:
        """Writes nothing: the place where the final experiments are known."""
        del callback
        self.integrated = (experiments, integrated)

    def _timed(self, step: str, work: Callable[..., Any], *arguments: Any) -> Any:
        self.step = step
        started = self._clock()
        try:
            return work(*arguments)
        finally:
            self.seconds[step] = self._clock() - started
