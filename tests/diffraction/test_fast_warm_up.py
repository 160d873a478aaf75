"""The warm-up leaves nothing to compile: real frames of both detectors meet compiled kernels."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system
ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from numba.core.dispatcher import Dispatcher
from libs.diffraction.fast_warm_up import warm_up
from libs.diffraction.fast_lane import FastLane
from libs.diffraction.tasks import FrameTask
from tests.diffraction.conftest import RUN, expected_images, job_id, real_image, real_recipe

def signatures():
    modules = [m for name, m in sys.modules.items() if name.startswith("libs.")]
    kernels = {id(k): k for m in modules for k in vars(m).values() if isinstance(k, Dispatcher)}
    return {k.py_func.__qualname__: len(k.signatures) for k in kernels.values()}

warm_up()
before = signatures()
lane = FastLane()
for folder, entry in expected_images()[:3]:
    task = FrameTask(job=job_id(RUN, 0, 0), attempt=0, run=RUN, frame=0,
                     file=str(real_image(folder, entry["image"])), index_in_file=0,
                     recipe=real_recipe(folder))
    result = lane.process(task).result
    assert result.n_strong == entry["n_strong"], result
after = signatures()
assert len(after) >= 10, after
assert before == {name: n for name, n in after.items() if name in before}, (before, after)
assert all(n == 0 for name, n in after.items() if name not in before), (before, after)
print("nothing compiled anew")
"""


def test_real_frames_compile_nothing_after_the_warm_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "nothing compiled anew" in done.stdout, done.stderr[-3000:]
