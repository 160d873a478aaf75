"""What decides how the fast lane treats a frame, as plain values; the edge fills it from PHIL."""

from dataclasses import dataclass, field

Cell = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class SpotSettings:
    """Names and meaning as in DIALS's `spotfinder`; `gain` 0 stands for none."""

    extended: bool = True
    """`dispersion_extended` instead of `dispersion`."""
    kernel_size: tuple[int, int] = (3, 3)
    sigma_background: float = 6.0
    sigma_strong: float = 3.0
    gain: float = 0.0
    global_threshold: float = 0.0
    min_local: int = 2
    min_spot_size: int = 3
    max_spot_size: int = 1000
    max_separation_px: float | None = 2.0
    max_strong_pixel_fraction: float = 0.25


@dataclass(frozen=True, kw_only=True)
class IndexSettings:
    """The known cell's search and what is accepted."""

    length_tolerance: float = 0.05
    """Relative, before the lattice is matched with the known cell."""
    angle_tolerance_deg: float = 3.0
    max_lattices: int | None = 1
    """None: as many as there are."""
    min_spots: int = 10
    min_angle_between_deg: float = 5.0
    """Two lattices closer than this are one."""
    d_min_angstrom: float | None = None
    """Spots beyond this resolution are left out."""


@dataclass(frozen=True, kw_only=True)
class IntegrationSettings:
    """Prediction and integration; names as in DIALS's `prediction` and `profile.gaussian_rs`."""

    n_sigma: float = 3.0
    divergence_about_centroid: bool = False
    """Spots spread about where they were observed instead of about where they are predicted."""
    d_min_angstrom: float | None = None
    d_max_angstrom: float | None = None
    proximal_volume_max: float = 0.0025
    proximal_volume_d_min: float = 2.0
    sigma_b_cutoff_deg: float | None = 0.1
    gain: float = 1.0
    """Multiplies the variances."""


@dataclass(frozen=True, kw_only=True)
class FastSettings:
    """All of it."""

    spots: SpotSettings = field(default_factory=SpotSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    integration: IntegrationSettings = field(default_factory=IntegrationSettings)
