"""What software computed a result: names and versions that travel with it."""

import platform
from functools import cache
from importlib import import_module, metadata


@cache
def software_versions() -> dict[str, str]:
    """Versions of everything that can change a frame's result."""
    versions = {"python": platform.python_version()}
    for name in ("dials", "dxtbx"):
        versions[name] = _version_of(name)
    for name in ("numpy", "h5py", "numba", "scipy"):
        versions[name] = str(import_module(name).__version__)
    return versions


def _version_of(name: str) -> str:
    try:
        module = import_module("dials.util.version" if name == "dials" else "dxtbx.version")
        version = module.dials_version() if name == "dials" else module.__version__
        return str(version).removeprefix("DIALS ")
    except (ImportError, AttributeError):
        return metadata.version(name)
