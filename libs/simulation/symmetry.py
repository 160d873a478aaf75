"""Unit cells, symmetry operations and the crystals that the simulated beamline knows.

Not a general space-group library: a group is given by generators and closed by multiplication.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.simulation.errors import SimulationError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitCell = tuple[float, float, float, float, float, float]

TRANSLATION_UNIT = 24  # translations are counted in twenty-fourths of a cell edge


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A crystal form. Its `unit_cell` is in Å and degrees, in the setting of the generators."""

    name: str
    unit_cell: UnitCell
    space_group: str
    generators: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """x' = rotation · x + translation / 24, in fractional coordinates."""

    rotation: IntArray
    translation: IntArray

    def key(self) -> tuple[Any, ...]:
        return (*self.rotation.ravel().tolist(), *self.translation.tolist())


SAMPLES = {
    sample.name: sample
    for sample in (
        Sample(
            name="lysozyme",
            unit_cell=(79.1, 79.1, 38.0, 90.0, 90.0, 90.0),
            space_group="P43212",
            generators=("-y+1/2,x+1/2,z+3/4", "y,x,-z"),
        ),
        Sample(
            name="thermolysin",
            unit_cell=(93.0, 93.0, 130.0, 90.0, 90.0, 120.0),
            space_group="P6122",
            generators=("x-y,x,z+1/6", "y,x,-z+1/3"),
        ),
        Sample(
            name="triclinic",
            unit_cell=(45.2, 51.9, 64.3, 88.5, 108.6, 111.9),
            space_group="P1",
            generators=(),
        ),
        Sample(
            name="myoglobin",
            unit_cell=(64.5, 30.9, 34.8, 90.0, 105.8, 90.0),
            space_group="P1211",
            generators=("-x,y+1/2,-z",),
        ),
        Sample(
            name="monoclinic_c",
            unit_cell=(120.0, 55.0, 80.0, 90.0, 115.0, 90.0),
            space_group="C121",
            generators=("x+1/2,y+1/2,z", "-x,y,-z"),
        ),
        Sample(
            name="pseudocubic",
            unit_cell=(78.0, 79.0, 80.0, 90.0, 90.0, 90.0),
            space_group="P212121",
            generators=("-x+1/2,-y,z+1/2", "-x,y+1/2,-z+1/2"),
        ),
        Sample(
            name="glucose_isomerase",
            unit_cell=(93.9, 99.7, 103.0, 90.0, 90.0, 90.0),
            space_group="I222",
            generators=("x+1/2,y+1/2,z+1/2", "-x,-y,z", "-x,y,-z"),
        ),
        Sample(
            name="thaumatin",
            unit_cell=(57.8, 57.8, 150.2, 90.0, 90.0, 90.0),
            space_group="P41212",
            generators=("-y+1/2,x+1/2,z+1/4", "y,x,-z"),
        ),
        Sample(
            name="insulin_rhombohedral",
            unit_cell=(82.5, 82.5, 34.0, 90.0, 90.0, 120.0),
            space_group="R3:H",
            generators=("-y,x-y,z", "x+2/3,y+1/3,z+1/3"),
        ),
        Sample(
            name="insulin_cubic",
            unit_cell=(78.9, 78.9, 78.9, 90.0, 90.0, 90.0),
            space_group="I213",
            generators=("x+1/2,y+1/2,z+1/2", "-x+1/2,-y,z+1/2", "z,x,y"),
        ),
        Sample(
            name="ferritin",
            unit_cell=(182.0, 182.0, 182.0, 90.0, 90.0, 90.0),
            space_group="F432",
            generators=("x,y+1/2,z+1/2", "x+1/2,y,z+1/2", "-y,x,z", "z,x,y"),
        ),
        Sample(
            name="small_molecule",
            unit_cell=(20.0, 25.0, 30.0, 90.0, 90.0, 90.0),
            space_group="P212121",
            generators=("-x+1/2,-y,z+1/2", "-x,y+1/2,-z+1/2"),
        ),
        Sample(
            name="photosystem",
            unit_cell=(117.0, 222.8, 309.2, 90.0, 90.0, 90.0),
            space_group="P212121",
            generators=("-x+1/2,-y,z+1/2", "-x,y+1/2,-z+1/2"),
        ),
    )
}


def find_sample(name: str) -> Sample:
    if name not in SAMPLES:
        raise SimulationError(f"No sample is called {name!r}; known: {', '.join(SAMPLES)}.")
    return SAMPLES[name]


def parse_operation(text: str) -> Operation:
    """Read a coordinate triplet such as `-y+1/2,x+1/2,z+3/4`."""
    rotation = np.zeros((3, 3), np.int64)
    translation = np.zeros(3, np.int64)
    for row, expression in enumerate(text.split(",")):
        for term in filter(None, expression.replace("-", "+-").split("+")):
            sign, letter = (-1, term[1:]) if term.startswith("-") else (1, term)
            if letter in "xyz":
                rotation[row, "xyz".index(letter)] = sign
            else:
                above, below = letter.split("/")
                translation[row] += sign * TRANSLATION_UNIT * int(above) // int(below)
    return Operation(rotation=rotation, translation=translation % TRANSLATION_UNIT)


def close_group(generators: Sequence[str]) -> list[Operation]:
    """All operations that the generators produce, the identity first."""
    identity = parse_operation("x,y,z")
    found = {identity.key(): identity}
    waiting = [identity]
    while waiting:
        operation = waiting.pop()
        for generator in map(parse_operation, generators):
            product = _multiply(generator, operation)
            if product.key() not in found:
                found[product.key()] = product
                waiting.append(product)
    return list(found.values())


def _multiply(left: Operation, right: Operation) -> Operation:
    return Operation(
        rotation=left.rotation @ right.rotation,
        translation=(left.rotation @ right.translation + left.translation) % TRANSLATION_UNIT,
    )


def b_matrix(unit_cell: Sequence[float]) -> FloatArray:
    """The matrix with columns a*, b*, c* (1/Å): q = B · h, with a along x and b in the xy plane.

    It is the transpose of the fractionalisation matrix; orthogonal cells would hide an error here.
    """
    a, b, c = unit_cell[:3]
    cos_alpha, cos_beta, cos_gamma = np.cos(np.radians(unit_cell[3:]))
    sin_gamma = np.sin(np.radians(unit_cell[5]))
    squares = cos_alpha**2 + cos_beta**2 + cos_gamma**2
    height = c * np.sqrt(1 - squares + 2 * cos_alpha * cos_beta * cos_gamma) / sin_gamma
    lean = c * (cos_alpha - cos_beta * cos_gamma) / sin_gamma
    direct = [[a, b * cos_gamma, c * cos_beta], [0, b * sin_gamma, lean], [0, 0, height]]
    inverse: FloatArray = np.linalg.inv(np.array(direct)).T
    return inverse
