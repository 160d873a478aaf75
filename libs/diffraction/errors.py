"""What can go wrong at the edge to DIALS, dxtbx and the files. Imports none of them."""


class DiffractionError(Exception):
    """Base of all errors of this package."""


class InstallationError(DiffractionError):
    """DIALS, dxtbx or h5py are missing or do not fit together."""


class RecipeError(DiffractionError):
    """Processing parameters that cannot be used: which one, in which line, why."""


class UnreadableFrameError(DiffractionError):
    """One frame cannot be read: a result, not a failure of the program."""
