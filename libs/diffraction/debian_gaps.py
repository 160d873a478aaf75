"""Makes DIALS importable as it is installed here; nothing is done where nothing is missing.

Debian's packages lack two compiled extensions, and a virtual environment hides libtbx's environment
file. Each gap is closed only where the real thing fails. Call `prepare` before DIALS is imported.
"""

import importlib
import os
import sys
import types
import warnings
from pathlib import Path

from libs.diffraction.errors import InstallationError

SINGLE_THREADED = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
LIBTBX_ENVIRONMENT = "libtbx_env"
INSTALL_HINT = "install them: apt-get install dials python3-dials, or DIALS from conda-forge"


def prepare() -> None:
    """Set up the process for DIALS; raises InstallationError in words that help."""
    use_one_thread()
    _find_libtbx()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            importlib.import_module("hdf5plugin")  # registers its filters with h5py's HDF5
            importlib.import_module("dxtbx")
            importlib.import_module("dials")
        except ImportError as error:
            raise InstallationError(
                f"DIALS cannot be imported ({error}); {INSTALL_HINT}"
            ) from error
        _provide_mono_simulation()


def use_one_thread() -> None:
    """For processes that begin from now on: numpy's libraries read it when they are loaded."""
    for name in SINGLE_THREADED:
        os.environ.setdefault(name, "1")


def _find_libtbx() -> None:
    if "LIBTBX_BUILD" in os.environ or _environment_beside_the_interpreter():
        return
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder = Path("/usr/lib/cctbx") / version
    if (folder / LIBTBX_ENVIRONMENT).exists():
        os.environ["LIBTBX_BUILD"] = str(folder)


def _environment_beside_the_interpreter() -> bool:
    places = (Path(sys.prefix), Path(sys.prefix) / "share" / "cctbx")
    return any((place / LIBTBX_ENVIRONMENT).exists() for place in places)


def _provide_mono_simulation() -> None:
    """Stills indexing needs pure-Python parts of a package whose compiled half may be missing."""
    name = "xfel.mono_simulation"
    try:
        importlib.import_module(f"{name}.max_like")
    except ImportError:
        for loaded in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[loaded]
        xfel = importlib.import_module("xfel")
        package = types.ModuleType(name)
        package.__path__ = [str(Path(folder) / "mono_simulation") for folder in xfel.__path__]
        sys.modules[name] = package
        xfel.mono_simulation = package  # type: ignore[attr-defined]
        importlib.import_module(f"{name}.max_like")
