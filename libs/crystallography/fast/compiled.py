"""How the kernels of this package are compiled: numba without Python objects, kept on disk.

Kernels that call each other stand in one file, because numba's cache notices a change only in
the file of the function itself.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile `function` at its first call; IEEE arithmetic, so that results can be exact."""
    return cast("Function", numba.njit(cache=True, nogil=True)(function))


def compiled_fast(function: Function) -> Function:
    """The same for searches, where the order of additions does not matter."""
    return cast("Function", numba.njit(cache=True, nogil=True, fastmath=True)(function))
