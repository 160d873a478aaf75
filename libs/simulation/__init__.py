"""A beamline that writes real NXmx files with known truth: stills, scenarios, growing runs.

For tests, demos and benchmarks. It knows nothing of brokers, databases or DIALS.
"""

from libs.simulation.beamline import Beamline, Frame
from libs.simulation.conditions import Condition, Kind
from libs.simulation.errors import SimulationError
from libs.simulation.run import RunSettings, RunWriter
from libs.simulation.scenario import Mix, Plan, Scenario, Timeline
from libs.simulation.scenarios import SCENARIO_NAMES, make_scenario
from libs.simulation.settings import (
    QUICK_DETECTOR,
    BeamlineSettings,
    BeamSettings,
    DetectorSettings,
    IceSettings,
    spoiled,
)
from libs.simulation.simulate import RunRequest, paced, prepare_run, run_frames, simulate_run
from libs.simulation.truth import (
    FrameTruth,
    LatticeTruth,
    RunTruth,
    read_frame_truths,
    read_run_truth,
)

__all__ = [
    "QUICK_DETECTOR",
    "SCENARIO_NAMES",
    "BeamSettings",
    "Beamline",
    "BeamlineSettings",
    "Condition",
    "DetectorSettings",
    "Frame",
    "FrameTruth",
    "IceSettings",
    "Kind",
    "LatticeTruth",
    "Mix",
    "Plan",
    "RunRequest",
    "RunSettings",
    "RunTruth",
    "RunWriter",
    "Scenario",
    "SimulationError",
    "Timeline",
    "make_scenario",
    "paced",
    "prepare_run",
    "read_frame_truths",
    "read_run_truth",
    "run_frames",
    "simulate_run",
    "spoiled",
]
