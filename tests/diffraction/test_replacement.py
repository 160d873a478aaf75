"""What a lost worker costs: its replacement is forked with everything imported and compiled.

In a program of its own, because a process has one fork server, whatever it has loaded.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system
ROOT = Path(__file__).parents[2]
SCRIPT = """
import json
import msgspec
from libs.diffraction.lane_handler import PRELOAD
from libs.diffraction.tasks import FrameTask
from libs.diffraction.workers import Answered, Crashed, Limits, TimedOut, WorkerPool
from libs.diffraction.workers.process_table import cpu_seconds
from libs.messages import Lane
from tests.diffraction.conftest import RUN, job_id, real_image, real_recipe
from tests.diffraction.poison import make_poisoned_lanes

recipe = msgspec.structs.replace(real_recipe("thermolysin_cspad"), lane=Lane.FAST)
frame = FrameTask(job=job_id(RUN, 0, 0), attempt=0, run=RUN, frame=0, index_in_file=0,
                  file=str(real_image("thermolysin_cspad", "idx-20130301060858401.cbf")),
                  recipe=recipe)
if __name__ == "__main__":
    limits, spent = Limits(cpu_s=60.0, wall_s=300.0), {}
    with WorkerPool(1, make_poisoned_lanes, preload=PRELOAD) as pool:
        for word, cpu_s, expected in (("segfault", 60.0, Crashed), ("spin", 0.2, TimedOut)):
            assert isinstance(pool.run((word, 0), Limits(cpu_s=cpu_s, wall_s=300.0)), expected)
            ready = pool.run(("pid", 0), limits)
            spent[word] = cpu_seconds(ready.worker)
            done = pool.run(frame, limits)
            assert isinstance(done, Answered) and done.worker == ready.worker, done
            assert done.value.result.n_strong == 176, done.value.result
        spent["replaced"] = pool.statistics.replaced
    print(json.dumps(spent))
"""


def test_a_replacement_is_ready_within_two_seconds_of_cpu_time(tmp_path: Path) -> None:
    script = tmp_path / "replacement.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    spent = json.loads(done.stdout)
    assert spent["replaced"] == 2
    assert max(spent["segfault"], spent["spin"]) < 2.0
