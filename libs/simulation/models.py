"""The few numbers that the kernels need of panel, beam and crystal."""

from typing import NamedTuple

# Columns of a table of reflections.
COLUMNS = (
    "h", "k", "l", "fast_px", "slow_px", "photons", "partiality", "excitation_error", "q_squared",
)  # fmt: skip
FAST, SLOW, PHOTONS, Q_SQUARED = 3, 4, 5, 8


class PanelGeometry(NamedTuple):
    beam_x_mm: float
    beam_y_mm: float
    distance_mm: float
    pixel_mm: float
    absorption_per_mm: float
    sensor_mm: float


class BeamModel(NamedTuple):
    """`radius` is that of the Ewald sphere, 1/λ."""

    radius: float
    bandwidth: float
    spot_sigma_px: float


class CrystalModel(NamedTuple):
    """`domain_width` is the rocking curve's width (1/Å) from the domain size alone."""

    photons: float
    domain_width: float
    mosaicity_rad: float
    q_limit: float
