"""Do the real images give what stock DIALS gives? Pure comparison with `expected_dials.json`.

Indexed or not and the number of strong spots must be equal, cells within 0.1 %, the number of
indexed reflections within 2 %.
"""

import json
from dataclasses import dataclass
from pathlib import Path

CELL_TOLERANCE = 0.001
INDEXED_TOLERANCE = 0.02


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is compared of one image; `cells` and `n_indexed` hold one entry per lattice."""

    image: str
    n_strong: int
    cells: tuple[tuple[float, ...], ...]
    n_indexed: tuple[int, ...]


def expected_answers(path: Path) -> dict[str, Answer]:
    """Stock DIALS's answers by image name, without compression suffixes."""
    groups = json.loads(path.read_text(encoding="utf-8"))
    entries = [entry for group in groups.values() for entry in group]
    return {entry["image"]: _answer(entry) for entry in entries}


def _answer(entry: dict[str, object]) -> Answer:
    lattices = entry.get("lattices") or []
    assert isinstance(lattices, list)
    return Answer(
        image=str(entry["image"]),
        n_strong=int(str(entry["n_strong"])),
        cells=tuple(tuple(lattice["cell"]) for lattice in lattices),
        n_indexed=tuple(lattice["n_indexed"] for lattice in lattices),
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
