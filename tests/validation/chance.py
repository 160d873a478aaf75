"""How often the fast lane indexes what it must not: spot lists without a lattice, wrong cells.

Spot lists only, no images of blanks: thousands are cheap that way. Every cell is tried, so that
large and small ones, low and high symmetry have their share.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.lattices import find_lattices
from libs.crystallography.fast.settings import FastSettings
from libs.crystallography.fast.spots import Spots
from libs.simulation import BeamlineSettings, Kind
from libs.simulation.conditions import condition_of
from tests.crystallography.fast.simulated import detector_of, known_crystal, shoot, spots_of
from tests.validation.cases import FORMS
from tests.validation.figures import Figure

NOISE_SPOTS = (16, 41)
"""Spots of a noisy blank, from and below."""
EDGE_RATIO = (0.08, 0.30)
"""By how much one edge of a nearly right cell is wrong."""
WRONG = ("another cell", "one edge wrong")
SETTINGS = FastSettings()


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Something that must not index: `falsely` tells whether it did."""

    what: str
    falsely: bool


def noise_trials(n: int, seed: int) -> Iterator[Trial]:
    """Blanks with 16 to 40 spots anywhere on the detector, tried with each cell in turn."""
    rng = np.random.default_rng(seed)
    settings = BeamlineSettings()
    template, _ = spots_of(shoot(settings, condition_of(Kind.TWO), 0))
    detector = detector_of(settings)
    for number in range(n):
        spots = template.select(rng.choice(len(template), rng.integers(*NOISE_SPOTS), False))
        spots = moved(spots, rng.random((len(spots), 2)) * detector.shape_px[0])
        found, _ = find_lattices(
            spots, detector, known_crystal(FORMS[number % len(FORMS)]), SETTINGS
        )
        yield Trial(what="noise", falsely=bool(found))


def wrong_cell_trials(n: int, seed: int, forms: tuple[str, ...] = FORMS) -> Iterator[Trial]:
    """Hits of every form, half with another form's cell, half with their own but for one edge."""
    rng = np.random.default_rng(seed)
    kinds = (Kind.HIT, Kind.WEAK, Kind.TWO)
    for number in range(n):
        name = forms[number * len(forms) // n]
        settings = BeamlineSettings(sample=name)
        spots, _ = spots_of(shoot(settings, condition_of(kinds[number % 3]), number, seed))
        if len(spots) < SETTINGS.index.min_spots:
            continue
        what = WRONG[number % 2]
        crystal = _one_edge_wrong(name, rng) if number % 2 else _another(name, rng)
        found, _ = find_lattices(spots, detector_of(settings), crystal, SETTINGS)
        yield Trial(what=what, falsely=bool(found))


def moved(spots: Spots, xy_px: np.ndarray) -> Spots:
    """The same spots elsewhere."""
    fields = {name: getattr(spots, name) for name in spots.__dataclass_fields__}
    return Spots(**{**fields, "xy_px": xy_px})


def _another(name: str, rng: np.random.Generator) -> KnownCrystal:
    return known_crystal(rng.choice([other for other in FORMS if other != name]))


def _one_edge_wrong(name: str, rng: np.random.Generator) -> KnownCrystal:
    """In P1, since the wrong edge breaks the symmetry."""
    cell = list(known_crystal(name).unit_cell)
    cell[rng.integers(3)] *= 1.0 + rng.choice([-1.0, 1.0]) * rng.uniform(*EDGE_RATIO)
    return KnownCrystal(tuple(cell), np.eye(3, dtype=int)[None], np.zeros((1, 3)))


def chance_figures(trials: Sequence[Trial]) -> list[Figure]:
    """False indexings of each sort and of all."""
    sorts = {what: [t for t in trials if t.what == what] for what in ("noise", *WRONG)}
    parts = [_figure(f"{what}: falsely indexed", of_sort, None) for what, of_sort in sorts.items()]
    return [*parts, _figure("all of these: falsely indexed", trials, 0.002)]


def _figure(name: str, trials: Sequence[Trial], goal: float | None) -> Figure:
    value = sum(trial.falsely for trial in trials) / max(len(trials), 1)
    return Figure(name=name, value=value, goal=goal, n=len(trials), at_most=True)
