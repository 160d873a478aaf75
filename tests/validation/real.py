"""The real images through both lanes: indexed or not, and how the lattices agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from libs.diffraction.fast_lane import FastLane
from tests.diffraction.conftest import D_MIN, expected_images, real_image, real_recipe
from tests.validation.agreement import Agreement, agreement
from tests.validation.cases import task_of
from tests.validation.lanes import KeptReplies, Lane


@dataclass(frozen=True, kw_only=True)
class RealFrame:
    """One image, what each lane found on it, and their agreement."""

    image: str
    n_ours: int
    n_theirs: int
    agreement: Agreement | None


def real_frames(fast: FastLane, dials: Lane, kept: Path) -> Iterator[RealFrame]:
    """Every image that the project keeps."""
    for folder, entry in expected_images():
        image = entry["image"]
        task = task_of(real_image(folder, image), 0, real_recipe(folder))
        ours = fast.process(task)
        theirs = KeptReplies(dials, kept, image).process(task)
        crystal = fast.recipe(task.recipe).crystal
        yield RealFrame(
            image=image,
            n_ours=len(ours.result.lattices),
            n_theirs=len(theirs.result.lattices),
            agreement=agreement(ours, theirs, crystal, D_MIN[folder]),
        )
