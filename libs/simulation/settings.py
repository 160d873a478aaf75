"""What the simulated beamline is made of: detector, beam, and what goes wrong with them.

The defaults are those with which stock DIALS indexes the frames.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """One flat panel across the beam. `*_error` is by how much the written header is wrong.

    Hot pixels count far too much on every frame, every fifth with three neighbours; no mask has
    them.
    """

    n_fast: int = 1030
    n_slow: int = 1064
    pixel_mm: float = 0.075
    distance_mm: float = 75.0
    beam_fast_px: float = 517.3
    beam_slow_px: float = 528.6
    sensor_mm: float = 0.32
    spot_sigma_px: float = 1.0
    gap_rows: int = 0
    gap_columns: int = 0
    hot_pixels: int = 0
    dark_photons_per_px: float = 1e-6
    header_fast_error_px: float = 0.0
    header_slow_error_px: float = 0.0
    header_distance_error_mm: float = 0.0

    def gap(self) -> tuple[int, int]:
        """First row of the masked gap between modules, and the row after its last."""
        return (self.n_slow - self.gap_rows) // 2, (self.n_slow + self.gap_rows) // 2

    def column_gap(self) -> tuple[int, int]:
        """The same of columns."""
        return (self.n_fast - self.gap_columns) // 2, (self.n_fast + self.gap_columns) // 2


@dataclass(frozen=True, kw_only=True)
class BeamSettings:
    """A pulsed, slightly polychromatic beam, polarised along x."""

    wavelength_angstrom: float = 1.3
    bandwidth: float = 5e-4
    wavelength_jitter: float = 0.0
    pulse_spread: float = 0.15


@dataclass(frozen=True, kw_only=True)
class IceSettings:
    """Ice in the jet: photons per pixel at the top of its strongest ring, mean number of spots."""

    ring_photons: float = 0.0
    spots: float = 0.0


@dataclass(frozen=True, kw_only=True)
class BeamlineSettings:
    """`stray_fraction`: spots of no lattice on every hit, as a fraction of a hit's spots."""

    sample: str = "lysozyme"
    structure_seed: int = 1
    stray_fraction: float = 0.0
    detector: DetectorSettings = DetectorSettings()
    beam: BeamSettings = BeamSettings()
    ice: IceSettings = IceSettings()


# Half a megapixel that covers the same angles: for tests that need many frames.
QUICK_DETECTOR = DetectorSettings(
    n_fast=714,
    n_slow=738,
    distance_mm=52.0,
    beam_fast_px=358.7,
    beam_slow_px=366.5,
)


def spoiled(sample: str) -> BeamlineSettings:
    """A bad day: junk spots, ice, gaps, hot pixels, a jittery beam and a header that is off."""
    detector = DetectorSettings(
        gap_rows=36,
        gap_columns=12,
        hot_pixels=60,
        header_fast_error_px=0.8,
        header_slow_error_px=-0.6,
        header_distance_error_mm=0.2,
    )
    return BeamlineSettings(
        sample=sample,
        stray_fraction=0.3,
        detector=detector,
        beam=BeamSettings(wavelength_jitter=0.001),
        ice=IceSettings(ring_photons=3.0, spots=12.0),
    )
