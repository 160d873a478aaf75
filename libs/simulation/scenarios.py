"""The scenarios that have a name, and where in a run their trouble starts and ends."""

from dataclasses import replace

from libs.simulation.conditions import Kind
from libs.simulation.errors import SimulationError
from libs.simulation.scenario import Mix, Plan, Scenario, Timeline

STEADY = Mix()

# Twelve frames that hold every kind; two thirds have spots, none needs more than 3 lattices.
MIXED_KINDS = (
    Kind.JET, Kind.HIT, Kind.NOJET, Kind.TWO, Kind.DARK, Kind.HIT,
    Kind.WEAK, Kind.JUNK, Kind.THREE, Kind.HIT, Kind.JET, Kind.HIT,
)  # fmt: skip

_TROUBLES = {
    "steady": STEADY,
    "jet-dies": replace(STEADY, jet=0.0),
    "too-dense": replace(STEADY, crystals_per_shot=2.5),
    "crystals-degrade": replace(STEADY, d_limit_angstrom=3.3, weak=0.4),
    "too-dilute": replace(STEADY, crystals_per_shot=0.02),
    "no-beam": replace(STEADY, beam=False),
}

DESCRIPTIONS = {
    "steady": "jet, half a crystal per shot, nothing changes",
    "jet-dies": "the jet is lost at the onset and comes back at the cure",
    "too-dense": "crystals per shot rise from 0.5 to 2.5 at the onset",
    "crystals-degrade": "the resolution limit worsens from 2.3 to 3.3 Å at the onset",
    "too-dilute": "crystals per shot fall from 0.5 to 0.02 at the onset",
    "no-beam": "the beam is off from the onset to the cure",
    "mixed": "every kind of frame within twelve, then again",
}

SCENARIO_NAMES = tuple(DESCRIPTIONS)

_ONSET_FRACTION = 0.4
_CURE_FRACTION = 0.8
_CURED_BY_DEFAULT = ("jet-dies", "no-beam")


def make_scenario(
    name: str,
    frames: int,
    *,
    onset_frame: int | None = None,
    cure_frame: int | None = None,
) -> Scenario:
    """The scenario `name` for a run of `frames` frames.

    By default trouble starts at 40 % of the run; `jet-dies` and `no-beam` are cured at 80 %, the
    others last. A `cure_frame` of `frames` or more means that the trouble stays.
    """
    if name not in DESCRIPTIONS:
        raise SimulationError(
            f"No scenario is called {name!r}; known: {', '.join(SCENARIO_NAMES)}."
        )
    if name == "mixed":
        return Plan(name=name, kinds=MIXED_KINDS)
    if name == "steady":
        return Timeline(name=name, before=STEADY, after=STEADY)
    onset = _or_fraction(onset_frame, frames, _ONSET_FRACTION)
    if cure_frame is None and name in _CURED_BY_DEFAULT:
        cure_frame = max(onset, _or_fraction(None, frames, _CURE_FRACTION))
    if cure_frame is not None and cure_frame >= frames:
        cure_frame = None
    return Timeline(
        name=name,
        before=STEADY,
        after=_TROUBLES[name],
        onset_frame=onset,
        cure_frame=cure_frame,
    )


def _or_fraction(frame: int | None, frames: int, fraction: float) -> int:
    return round(frames * fraction) if frame is None else frame
