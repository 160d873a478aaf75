"""A seed file: run groups and trials in TOML, loaded as often as one likes.

What exists with the same settings is kept; what no job uses yet is changed; what has jobs and
differs is an error. Whether a trial is active, and which groups it comprises, is set when it is
made and belongs to people afterwards.
"""

import tomllib
from pathlib import Path

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue import trials
from libs.catalogue.errors import SeedError
from libs.catalogue.trial_settings import GroupSettings, TrialSettings


class SeededTrial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trial in a seed file: `settings` is a table of its own."""

    settings: TrialSettings
    run_groups: tuple[str, ...]
    active: bool = False


class Seed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole seed file."""

    run_group: tuple[GroupSettings, ...] = ()
    trial: tuple[SeededTrial, ...] = ()


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one entry."""

    kind: str
    name: str
    action: str
    """`added`, `changed` or `kept`."""


def read_seed(path: Path) -> Seed:
    """The file's content; raises SeedError."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Seed)
    except OSError as error:
        raise SeedError(f"{path}: {error.strerror}; give the path of a seed file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise SeedError(f"{path}: {error}; see docs/how-to/catalogue.md") from error


async def apply_seed(connection: AsyncConnection, seed: Seed, *, now_us: int) -> list[Seeded]:
    """Bring the catalogue to what the seed says, in one transaction; raises CatalogueError."""
    groups = {group.settings.name: group for group in await trials.list_groups(connection)}
    known = {trial.settings.name: trial for trial in await trials.list_trials(connection)}
    done = []
    ids = {name: group.id for name, group in groups.items()}
    for wanted in seed.run_group:
        group = groups.get(wanted.name)
        if group is None:
            ids[wanted.name] = await trials.add_group(connection, wanted, now_us=now_us)
        elif group.settings != wanted:
            await trials.replace_settings(connection, group.id, wanted)
        done.append(_seeded("run group", wanted, group.settings if group else None))
    for entry in seed.trial:
        trial = known.get(entry.settings.name)
        if trial is None:
            await _add_trial(connection, entry, ids, now_us)
        elif trial.settings != entry.settings:
            await trials.replace_settings(connection, trial.id, entry.settings)
        done.append(_seeded("trial", entry.settings, trial.settings if trial else None))
    return done


async def _add_trial(
    connection: AsyncConnection, entry: SeededTrial, groups: dict[str, int], now_us: int
) -> None:
    unknown = [name for name in entry.run_groups if name not in groups]
    if unknown:
        raise SeedError(
            f"trial {entry.settings.name!r} names run groups that do not exist: "
            f"{', '.join(unknown)}; add a [[run_group]] or correct the name"
        )
    trial = await trials.add_trial(connection, entry.settings, active=entry.active, now_us=now_us)
    await trials.join(connection, trial, [groups[name] for name in entry.run_groups])


def _seeded(
    kind: str,
    wanted: TrialSettings | GroupSettings,
    present: TrialSettings | GroupSettings | None,
) -> Seeded:
    action = "added" if present is None else "kept" if present == wanted else "changed"
    return Seeded(kind=kind, name=wanted.name, action=action)
