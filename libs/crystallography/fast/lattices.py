"""All lattices of a frame: search, choice of axes, refinement, mosaicity; then the next lattice.

Each lattice is searched among the spots that those before it left. It is accepted when its inliers
are beyond chance (evidence.py), its cell near the known one, its indices no sublattice, its
orientation new, and the region near the Ewald sphere that its mosaicity implies not too large.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.axes import named_axes
from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.evidence import LIMIT, Verdict, verdict
from libs.crystallography.fast.lattice import cell_of, misorientation_deg
from libs.crystallography.fast.mosaicity import Mosaicity, fit_mosaicity, proximal_volume
from libs.crystallography.fast.placement import Placement, near_header
from libs.crystallography.fast.refine import Observations, RefinedCrystal, orient, refine
from libs.crystallography.fast.search import QUICK, THOROUGH, Effort, index_distances, search
from libs.crystallography.fast.settings import Cell, FastSettings
from libs.crystallography.fast.spots import Spots
from libs.crystallography.fast.sublattice import in_sublattice
from libs.crystallography.fast.true_beam import TrueBeam, relative_to_beam

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

INDEX_TOLERANCE = 0.3
FEWEST_INDEXED = 7
ROUNDS = 2
JUDGED_CANDIDATES = 4
SCALES = (0.985, 1.015, 0.97, 1.03)
CLEAR_RADIUS = 0.2
CLEAR_SHARE = 0.5
SAME_LATTICE_STRAIN = 0.02


class NotIndexedError(Exception):
    """No further lattice; the message says why."""


@dataclass(frozen=True, kw_only=True)
class IndexedLattice:
    """One lattice. `spots` are the numbers of its spots; the other arrays have one entry each."""

    a_matrix: Floats
    """As refined against the header's geometry, with which positions are calculated."""
    true_beam: TrueBeam
    unit_cell: Cell
    mosaicity: Mosaicity
    evidence: float
    spots: Integers
    miller: Integers
    observed_px: Floats
    calculated_px: Floats
    delta_psi: Floats


@dataclass(frozen=True, kw_only=True)
class SpotPlaces:
    """Spots as the search and the refinement need them."""

    spots: Spots
    xy_mm: Floats
    variance_mm2: Floats
    q: Floats


def place_spots(spots: Spots, detector: FlatDetector) -> SpotPlaces:
    """Millimetres and reciprocal coordinates of spots."""
    xy_mm = detector.millimetres(spots.panel, spots.xy_px)
    return SpotPlaces(
        spots=spots,
        xy_mm=xy_mm,
        variance_mm2=spots.variance_px2 * detector.pixel_mm[spots.panel] ** 2,
        q=detector.reciprocal(spots.panel, xy_mm),
    )


def find_lattices(
    spots: Spots, detector: FlatDetector, crystal: KnownCrystal, settings: FastSettings
) -> tuple[list[IndexedLattice], str]:
    """Lattices, strongest first, and why there are no more."""
    places = place_spots(spots, detector)
    remaining = np.ones(len(spots), bool)
    if settings.index.d_min_angstrom is not None:
        remaining = np.linalg.norm(places.q, axis=1) <= 1.0 / settings.index.d_min_angstrom
    found: list[IndexedLattice] = []
    placement = near_header(detector)
    most = settings.index.max_lattices
    for _ in itertools.count() if most is None else range(most):
        try:
            lattice = _find_one(places, remaining, detector, placement, crystal, settings)
            _check_new(lattice, found, crystal, settings.index.min_angle_between_deg)
        except NotIndexedError as error:
            return found, str(error)
        found.append(lattice)
        remaining[lattice.spots] = False
        placement = lattice.true_beam.placement
    return found, ""


def _find_one(
    places: SpotPlaces,
    remaining: NDArray[np.bool_],
    detector: FlatDetector,
    placement: Placement,
    crystal: KnownCrystal,
    settings: FastSettings,
) -> IndexedLattice:
    order = np.flatnonzero(remaining)
    if len(order) < settings.index.min_spots:
        raise NotIndexedError(f"{len(order)} spots, at least {settings.index.min_spots} are needed")
    q = places.q[order]
    basis, certainty = _best_basis(q, crystal)
    named = named_axes(basis, q, detector.s0, crystal.primitive_basis)
    basis = _conventional(named, crystal, settings)
    _check_sublattice(basis, q, crystal)
    a_matrix = orient(basis, crystal)
    for _ in range(ROUNDS):
        chosen, miller = _assign(a_matrix, places.q, remaining)
        if len(chosen) < FEWEST_INDEXED:
            raise NotIndexedError(f"only {len(chosen)} spots fit the lattice")
        observed = _observed(places, chosen, miller)
        refined = refine(a_matrix, crystal, observed, detector)
        a_matrix = refined.a_matrix
    true_beam = relative_to_beam(refined, crystal, observed, detector, placement)
    return _finished(places, chosen, miller, refined, true_beam, certainty, detector, settings)


def _best_basis(q: Floats, crystal: KnownCrystal) -> tuple[Floats, float]:
    """The primitive basis with the best evidence; raises where none is beyond chance.

    Where the first answer leaves many spots unexplained, the known cell may be off: slightly larger
    and smaller ones are tried, then the best of them with more effort. On a frame of many lattices
    the best of them may share only a plane with one; then the known cell gets that effort too.
    """
    by_length = q[np.argsort(np.linalg.norm(q, axis=1), kind="stable")]
    known = crystal.primitive_basis
    best = _judged(by_length, known, QUICK)
    if not best.clear:
        scaled = [_judged(by_length, known * scale, QUICK) for scale in SCALES]
        best = max(best, *scaled, key=_Judged.rank)
    if not best.clear:
        more = _judged(by_length, known * best.scale(known), THOROUGH)
        best = max(best, more, key=_Judged.rank)
    if not best.accepted and best.verdict.decades >= LIMIT:
        best = max(best, _judged(by_length, known, THOROUGH), key=_Judged.rank)
    if not best.accepted:
        raise NotIndexedError(f"the best orientation is no more than chance ({best.verdict})")
    return best.basis, best.verdict.decades


@dataclass(frozen=True, kw_only=True)
class _Judged:
    basis: Floats
    verdict: Verdict
    share: float
    """Of the spots that fit."""

    @property
    def accepted(self) -> bool:
        return self.verdict.accepted

    @property
    def clear(self) -> bool:
        return self.accepted and self.share >= CLEAR_SHARE

    def rank(self) -> tuple[bool, float]:
        return self.accepted, self.verdict.decades

    def scale(self, known: Floats) -> float:
        return float(abs(np.linalg.det(self.basis) / np.linalg.det(known)) ** (1.0 / 3.0))


def _judged(q: Floats, known: Floats, effort: Effort) -> _Judged:
    """The best of the first few candidates of one search."""
    judged = []
    for candidate in search(q, known, effort)[:JUDGED_CANDIDATES]:
        distances = index_distances(candidate.basis, q)[1]
        judged.append(
            _Judged(
                basis=candidate.basis,
                verdict=verdict(candidate.basis, q, distances),
                share=float((distances < CLEAR_RADIUS).mean()),
            )
        )
    return max(judged, key=_Judged.rank)


def _conventional(primitive: Floats, crystal: KnownCrystal, settings: FastSettings) -> Floats:
    """The conventional basis; raises where it is not near enough to the known cell."""
    conventional: Floats = np.linalg.inv(crystal.to_primitive) @ primitive
    cell, known = np.array(cell_of(conventional)), np.array(crystal.unit_cell)
    lengths = np.abs(cell[:3] / known[:3] - 1.0).max()
    angles = np.abs(cell[3:] - known[3:]).max()
    index = settings.index
    if lengths > index.length_tolerance or angles > index.angle_tolerance_deg:
        raise NotIndexedError(
            f"the lattice found differs from the known cell by {100 * lengths:.1f} % in length "
            f"and {angles:.1f} degrees"
        )
    return conventional


def _check_sublattice(basis: Floats, q: Floats, crystal: KnownCrystal) -> None:
    primitive = crystal.to_primitive @ basis
    indices, distances = index_distances(primitive, q)
    if in_sublattice(indices[distances < 0.2].astype(np.int64)):
        raise NotIndexedError("the spots need only part of the known lattice: its cell is too big")


def _assign(a_matrix: Floats, q: Floats, remaining: NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Numbers of the spots near a lattice point and their indices, each index once."""
    fractional = q @ np.linalg.inv(a_matrix).T
    indices = np.rint(fractional)
    distance = np.abs(fractional - indices).max(axis=1)
    near = remaining & (distance < INDEX_TOLERANCE) & (indices != 0.0).any(axis=1)
    chosen = np.flatnonzero(near)
    chosen = chosen[np.argsort(distance[chosen], kind="stable")]
    _, first = np.unique(indices[chosen], axis=0, return_index=True)
    chosen = np.sort(chosen[first])
    return chosen, indices[chosen].astype(np.int64)


def _observed(places: SpotPlaces, chosen: Integers, miller: Integers) -> Observations:
    return Observations(
        miller=miller,
        panel=places.spots.panel[chosen],
        xy_mm=places.xy_mm[chosen],
        variance_mm2=places.variance_mm2[chosen],
    )


def _finished(
    places: SpotPlaces,
    chosen: Integers,
    miller: Integers,
    refined: RefinedCrystal,
    true_beam: TrueBeam,
    certainty: float,
    detector: FlatDetector,
    settings: FastSettings,
) -> IndexedLattice:
    used = refined.near
    d = 1.0 / np.linalg.norm(miller @ refined.a_matrix.T, axis=1)
    volume = 1.0 / abs(np.linalg.det(refined.a_matrix))
    _, inside = fit_mosaicity(d[used], refined.delta_psi[used], volume)
    kept = np.flatnonzero(used)[inside]
    if len(kept) < FEWEST_INDEXED:
        raise NotIndexedError(f"only {len(kept)} spots fit the mosaicity model")
    mosaicity, _ = fit_mosaicity(d[kept], refined.delta_psi[kept], volume)
    limits = settings.integration
    proximal = proximal_volume(
        mosaicity, detector.wavelength_angstrom, limits.proximal_volume_d_min
    )
    if proximal > limits.proximal_volume_max:
        raise NotIndexedError(f"Ewald proximal volume too high, {proximal:.6f}")
    panel = places.spots.panel[chosen[kept]]
    observed_mm = places.xy_mm[chosen[kept]]
    return IndexedLattice(
        a_matrix=refined.a_matrix,
        true_beam=true_beam,
        unit_cell=refined.unit_cell,
        mosaicity=mosaicity,
        evidence=certainty,
        spots=chosen[kept],
        miller=miller[kept],
        observed_px=places.spots.xy_px[chosen[kept]],
        calculated_px=detector.pixels(panel, observed_mm + refined.deviation_mm[kept]),
        delta_psi=refined.delta_psi[kept],
    )


def _check_new(
    lattice: IndexedLattice, found: list[IndexedLattice], crystal: KnownCrystal, smallest: float
) -> None:
    """Spots that a lattice left can show it again, turned by what is nearly a symmetry."""
    rotations = crystal.lattice_rotations(SAME_LATTICE_STRAIN)
    for other in found:
        angle = misorientation_deg(lattice.a_matrix, other.a_matrix, rotations)
        if angle < smallest:
            raise NotIndexedError(f"the next lattice is {angle:.1f} degrees from one before")
