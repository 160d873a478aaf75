from pathlib import Path

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.catalogue import ConflictError, SeedError, in_transaction, list_jobs, trials
from libs.catalogue.recipes import recipe_of
from libs.catalogue.seed import Seed, SeededTrial, apply_seed, read_seed
from tests.catalogue.builders import GROUP, NOW, TRIAL, add_job

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "local" / "seed.toml"


def test_every_trial_of_the_demo_gives_a_recipe() -> None:
    seed = read_seed(DEMO)
    groups = {group.name: group for group in seed.run_group}
    for entry in seed.trial:
        assert recipe_of(entry.settings, groups[entry.run_groups[0]]).phil


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[trial]]\nname = 1", "trial"),
        ("[[run_group]]\nname = 'a'\nsurce = 'b'", "surce"),
        ("[[[", "seed.toml"),
    ],
)
def test_a_bad_file_is_named_and_explained(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "seed.toml"
    path.write_text(text)
    with pytest.raises(SeedError, match=said):
        read_seed(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"none\.toml"):
        read_seed(tmp_path / "none.toml")


async def actions(engine: AsyncEngine, seed: Seed) -> list[str]:
    done = await in_transaction(engine, lambda c: apply_seed(c, seed, now_us=NOW))
    return [entry.action for entry in done]


SEED = Seed(
    run_group=(GROUP,), trial=(SeededTrial(settings=TRIAL, run_groups=("jets",), active=True),)
)
CHANGED = Seed(
    trial=(
        SeededTrial(
            settings=msgspec.structs.replace(TRIAL, d_min_angstrom=2.0), run_groups=("jets",)
        ),
    )
)


@pytest.mark.system
async def test_loading_twice_changes_nothing(editor: AsyncEngine) -> None:
    assert await actions(editor, SEED) == ["added", "added"]
    assert await actions(editor, SEED) == ["kept", "kept"]
    assert len(await in_transaction(editor, trials.list_trials)) == 1


@pytest.mark.system
async def test_an_unused_trial_is_changed_and_stays_as_people_switched_it(
    editor: AsyncEngine,
) -> None:
    await actions(editor, SEED)
    assert await actions(editor, CHANGED) == ["changed"]
    (trial,) = await in_transaction(editor, trials.list_trials)
    assert trial.settings.d_min_angstrom == 2.0
    assert trial.active


@pytest.mark.system
async def test_a_trial_with_jobs_is_not_changed(editor: AsyncEngine) -> None:
    await add_job(editor)
    with pytest.raises(ConflictError, match="another name"):
        await actions(editor, CHANGED)
    (job,) = await in_transaction(editor, list_jobs)
    assert job.recipe is not None
    assert job.recipe.d_min_angstrom == 1.7
