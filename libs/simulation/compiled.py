"""The one way in which kernels are compiled: numba without Python objects, kept on disk.

Kernels that call each other stand in one file, because numba's cache notices a change only in
the file of the function itself.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile `function` at its first call, or load what an earlier process compiled."""
    return cast("Function", numba.njit(cache=True)(function))
