"""`python -m tests.validation [PART]…`: each figure against its goal; status 1 where one is missed.

Parts: `simulated` (500 frames against the truth, minutes), `chance` (thousands of spot lists
without the lattice, many minutes), `stock` (against stock DIALS, many minutes), `real` (the real
images).
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.fast_lane import FastLane
from tests.validation.cases import all_groups, make_cases
from tests.validation.chance import chance_figures, noise_trials, wrong_cell_trials
from tests.validation.figures import Figure, figures, rights_by_sample
from tests.validation.judge import Verdict
from tests.validation.lanes import run_cases
from tests.validation.real import real_frames
from tests.validation.stock import compare, stock_figures, stock_groups

SEED = 11


def simulated(arguments: argparse.Namespace, folder: Path) -> list[Figure]:
    lane = FastLane()
    verdicts: list[Verdict] = []
    for number, group in enumerate(all_groups()):
        cases = make_cases(folder / str(number), group, arguments.seed)
        verdicts += [judged.verdict for judged in run_cases(cases, lane, lane)]
    for verdict in verdicts:
        if (verdict.enough or verdict.empty) and not verdict.right:
            print("wrong:", verdict)
    for sample, (right, n) in rights_by_sample(verdicts).items():
        print(f"{sample}: {right} of {n} right")
    return figures(verdicts)


def chance(arguments: argparse.Namespace, folder: Path) -> list[Figure]:
    del folder
    n = arguments.trials
    trials = [*noise_trials(n, arguments.seed), *wrong_cell_trials(n, arguments.seed)]
    return chance_figures(trials)


def stock(arguments: argparse.Namespace, folder: Path) -> list[Figure]:
    groups = stock_groups(whole=arguments.whole)
    lanes = FastLane(), DialsLane()
    return stock_figures(list(compare(groups, arguments.seed, folder, arguments.kept, *lanes)))


def real(arguments: argparse.Namespace, folder: Path) -> list[Figure]:
    del folder
    found = list(real_frames(FastLane(), DialsLane(), arguments.kept))
    for frame in found:
        print(frame)
    same = sum((f.n_ours > 0) == (f.n_theirs > 0) for f in found) / len(found)
    return [
        Figure(name="real images: indexed or not as DIALS", value=same, goal=0.98, n=len(found))
    ]


PARTS: dict[str, Callable[[argparse.Namespace, Path], list[Figure]]] = {
    "simulated": simulated,
    "chance": chance,
    "stock": stock,
    "real": real,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.validation", description=__doc__)
    parser.add_argument("parts", nargs="*", default=["simulated", "real"], metavar="PART")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--trials", type=int, default=1000, help="spot lists of each sort")
    parser.add_argument("--kept", type=Path, help="folder that keeps what stock DIALS said")
    parser.add_argument("--whole", action="store_true", help="stock DIALS on the whole set")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arguments.kept = arguments.kept or Path(folder) / "kept"
        parts = [PARTS[part](arguments, Path(folder)) for part in arguments.parts]
    return show(figure for part in parts for figure in part)


def show(found: Iterable[Figure]) -> int:
    """Print them; 1 where a goal is missed."""
    missed = 0
    for figure in found:
        print(figure)
        missed += not figure.met
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
