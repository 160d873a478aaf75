"""Keeps DIALS's and rstbx's chatter out of our output, and makes each frame start alike."""

import contextlib
import io
import logging
import random
import warnings
from collections.abc import Iterator

import numpy as np

SEED = 42
CHATTERS = ("dials", "dxtbx", "xfel", "rstbx")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No prints, no log lines, no warnings from third-party code inside this block."""
    for name in CHATTERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def seed_everything() -> None:
    """The same random numbers for every frame: a frame's result never depends on those before."""
    from dials.array_family import flex

    random.seed(SEED)
    np.random.seed(SEED)
    flex.set_random_seed(SEED)
