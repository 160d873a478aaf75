"""Pure science: formulas as functions of values and arrays. No I/O, clock, log or environment."""

from libs.crystallography.panels import PanelGeometry, pixel_two_theta_deg
from libs.crystallography.resolution import (
    N_SHELLS,
    d_angstrom,
    shell_edges,
    shell_numbers,
    two_theta_deg,
)
from libs.crystallography.shells import (
    I_SIGI_CUTOFF,
    MIN_REFLECTIONS,
    cctbx_shells,
    contiguous_shells,
    d_min_cctbx,
    d_min_contiguous,
    shells_from_arrays,
    tabulate,
)
from libs.crystallography.solvent import (
    RadialBins,
    all_angles,
    cctbx_bins,
    cctbx_ring,
    mean_in_ring,
    mean_positive_in_ring,
    ring_of_bin,
    ring_pixels,
    solvent_ratio,
    wide_ring,
)
from libs.crystallography.spots import offset_px, rmsd_px

__all__ = [
    "I_SIGI_CUTOFF",
    "MIN_REFLECTIONS",
    "N_SHELLS",
    "PanelGeometry",
    "RadialBins",
    "all_angles",
    "cctbx_bins",
    "cctbx_ring",
    "cctbx_shells",
    "contiguous_shells",
    "d_angstrom",
    "d_min_cctbx",
    "d_min_contiguous",
    "mean_in_ring",
    "mean_positive_in_ring",
    "offset_px",
    "pixel_two_theta_deg",
    "ring_of_bin",
    "ring_pixels",
    "rmsd_px",
    "shell_edges",
    "shell_numbers",
    "shells_from_arrays",
    "solvent_ratio",
    "tabulate",
    "two_theta_deg",
    "wide_ring",
]
