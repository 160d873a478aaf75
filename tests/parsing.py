"""Keeps garbage collection out of `ast.parse`, where Python 3.11 cannot bear it.

A collection in the middle of a parse may run code that parses as well (formatting the traceback of
an error in a finalizer does). Up to Python 3.11.4 the outer parse then ends with `SystemError: AST
constructor recursion depth mismatch` (CPython issue 106905), in whatever test happens to run.
"""

import ast
import functools
import gc
from collections.abc import Callable


def without_collection(parse: Callable[..., ast.AST]) -> Callable[..., ast.AST]:
    """The same function; collections wait until it is done."""

    @functools.wraps(parse)
    def calm(*arguments: object, **options: object) -> ast.AST:
        if not gc.isenabled():
            return parse(*arguments, **options)
        gc.disable()
        try:
            return parse(*arguments, **options)
        finally:
            gc.enable()

    return calm
