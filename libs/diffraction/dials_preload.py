"""Imported by the fork server only: DIALS once, before workers are forked from it."""

import importlib

from libs.diffraction.debian_gaps import prepare
from libs.diffraction.heap import keep_freed_memory
from libs.diffraction.quiet import quiet

prepare()
keep_freed_memory()
with quiet():
    for _name in (
        "libs.diffraction.lane_handler",
        "libs.diffraction.watched_processor",
        "dials.algorithms.indexing.stills_indexer",
        "dials.algorithms.integration.integrator",
        "dials.algorithms.refinement",
        "dials.algorithms.profile_model.factory",
        "dxtbx.format.FormatNXmx",
        "dxtbx.format.FormatCBFMiniPilatus",
    ):
        importlib.import_module(_name)
