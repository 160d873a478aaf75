"""Do the real images give what stock DIALS gives? Pure comparison with `expected_dials.json`.

Indexed or not and the number of strong spots must be equal, cells within 0.1 %, the number of
indexed reflections within 2 %.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

CELL_TOLERANCE = 0.001
INDEXED_TOLERANCE = 0.02


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is compared of one image; `cells` and `n_indexed` hold one entry per lattice."""

    image: str
    n_strong: int
    cells: tuple[tuple[float, ...], ...]
    n_indexed: tuple[int, ...]


class ReferenceLattice(msgspec.Struct, frozen=True, kw_only=True):
    """One lattice in the file of stock DIALS's answers."""

    cell: tuple[float, ...]
    n_indexed: int


class ReferenceImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image in that file."""

    image: str
    n_strong: int
    lattices: tuple[ReferenceLattice, ...] = ()


def expected_answers(path: Path) -> dict[str, Answer]:
    """Stock DIALS's answers by image name, without compression suffixes."""
    groups = msgspec.json.decode(path.read_bytes(), type=dict[str, list[ReferenceImage]])
    return {entry.image: _answer(entry) for group in groups.values() for entry in group}


def _answer(entry: ReferenceImage) -> Answer:
    return Answer(
        image=entry.image,
        n_strong=entry.n_strong,
        cells=tuple(lattice.cell for lattice in entry.lattices),
        n_indexed=tuple(lattice.n_indexed for lattice in entry.lattices),
    )


def differences(expected: Answer, ours: Answer) -> list[str]:
    """In words, what differs by more than the tolerances."""
    problems = []
    if ours.n_strong != expected.n_strong:
        problems.append(f"{ours.n_strong} strong spots, DIALS has {expected.n_strong}")
    if len(ours.cells) != len(expected.cells):
        problems.append(f"{len(ours.cells)} lattices, DIALS has {len(expected.cells)}")
        return problems
    for cell, reference in zip(ours.cells, expected.cells, strict=True):
        worst = max(abs(a / b - 1) for a, b in zip(cell, reference, strict=True))
        if worst > CELL_TOLERANCE:
            problems.append(f"cell differs by {100 * worst:.2f} %")
    for count, reference_count in zip(ours.n_indexed, expected.n_indexed, strict=True):
        if abs(count - reference_count) > INDEXED_TOLERANCE * reference_count:
            problems.append(f"{count} reflections indexed, DIALS has {reference_count}")
    return problems
