"""A parse in a finalizer does not disturb the parse during which it ran."""

import ast
import gc
from pathlib import Path


def parse_deep_down(n: int) -> ast.AST:
    return ast.parse("a + b") if n == 0 else parse_deep_down(n - 1)


class ParsesAtItsEnd:
    """Only a collection can end it."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        parse_deep_down(30)


def test_a_parse_survives_a_collection_that_parses() -> None:
    source, usual = Path(ast.__file__).read_text(encoding="utf-8"), gc.get_threshold()
    gc.set_threshold(50)
    try:
        for _ in range(5):
            waiting = [ParsesAtItsEnd() for _ in range(20)]
            del waiting
            ast.parse(source)
    finally:
        gc.set_threshold(*usual)
