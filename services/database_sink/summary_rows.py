"""Rates, advice, job changes and batch profiles as rows. Pure.

As in frame_rows, the fields are the columns of the table, in order, after `job_id`.
"""

import json
from typing import Any, NamedTuple

import msgspec

from libs.messages import (
    ATTEMPT_SHIFT,
    AdviceCleared,
    AdviceRaised,
    Agreement,
    BadMessageError,
    Difference,
    FramesProcessed,
    JobChanged,
    RadialProfile,
    Rate,
    Rates,
    RatesUpdated,
    SpotDistances,
)
from services.database_sink import values as v

COUNTS = (
    "n_processed", "n_selected", "n_tried", "n_solvent", "n_hits", "n_indexed",
    "n_multi_lattice", "n_high_quality", "n_unreadable",
)  # fmt: skip
RATES = tuple(Rates.__struct_fields__)
INDEXED_BY = ("both", "neither", "own", "reference")
DIFFERENCES = ("n_strong", "cell_percent", "d_min_angstrom")
AGREEMENT_COLUMNS = (
    *(f"agreement_rate{part}" for part in ("", "_low", "_high")),
    *(f"n_indexed_by_{who}" for who in INDEXED_BY),
    *(f"{what}_difference{part}" for what in DIFFERENCES for part in ("_n", "", "_low", "_high")),
)
RATES_COLUMNS = (
    *COUNTS, "n_announced", "n_waiting",
    *(f"{rate}_rate{part}" for rate in RATES for part in ("", "_low", "_high")),
    "index_fraction", "preliminary", "newest_ts_us", "updated_us", "live", "revision", "attempt",
    *AGREEMENT_COLUMNS,
)  # fmt: skip
LONGEST_BLOB = (1 << 24) - 1
CAUSE_LENGTH, LEVEL_LENGTH, SUGGESTION_LENGTH = 64, 16, 1000
_PROFILE_FRAMES, _PROFILE_HASH_BITS = (1 << 15) - 1, 32


class AdviceValues(NamedTuple):
    """A row of `advice` without its job."""

    cause: str
    since_us: int
    level: str
    evidence: str
    suggestion: str
    raised_us: int | None
    cleared_us: int | None


class JobChangeValues(NamedTuple):
    """A row of `job_change` without its job."""

    attempt: int
    state: str
    recipe_hash: str
    recipe: str
    changed_us: int


class ProfileValues(NamedTuple):
    """A row of `batch_profile` without its job."""

    first_frame: int
    lane: str
    n_frames: int
    two_theta_step_deg: float | None
    radial_n_frames: int | None
    radial_mean: bytes | None
    distance_step_per_angstrom: float | None
    distance_n_frames: int | None
    distance_counts: bytes | None
    precedence: int


def rates_row(message: RatesUpdated) -> tuple[Any, ...]:
    """The row of `rates`, in the order of RATES_COLUMNS."""
    bar = message.summary
    return (
        *(v.count(getattr(bar, name), name) for name in COUNTS),
        v.count(message.n_announced, "n_announced"),
        v.count(message.n_waiting, "n_waiting"),
        *(part for name in RATES for part in _rate(getattr(bar.rates, name))),
        v.finite(message.index_fraction, "index_fraction"),
        int(message.preliminary),
        v.integer_or_null(message.newest_ts_us, "newest_ts_us"),
        v.integer(message.updated_us, "updated_us"),
        msgspec.json.encode(message.live).decode(),
        v.integer(message.revision, "revision"),
        v.count(message.attempt, "attempt", v.BIGGEST_ATTEMPT),
        *_agreement(message.agreement),
    )


def advice_row(message: AdviceRaised | AdviceCleared) -> AdviceValues:
    """Half a row: raising and clearing may come in any order, each fills its own columns."""
    cause = v.text(message.cause, "cause", CAUSE_LENGTH)
    since_us = v.integer(message.since_us, "since_us")
    if isinstance(message, AdviceCleared):
        return AdviceValues(
            cause, since_us, "", "[]", "", None, v.integer(message.cleared_us, "cleared_us")
        )
    return AdviceValues(
        cause,
        since_us,
        v.text(message.level, "level", LEVEL_LENGTH),
        json.dumps(message.evidence, ensure_ascii=False),
        message.suggestion[:SUGGESTION_LENGTH],
        v.integer(message.raised_us, "raised_us"),
        None,
    )


def job_change_row(message: JobChanged) -> JobChangeValues:
    """One state of one attempt, with the recipe that was in force."""
    return JobChangeValues(
        attempt=v.count(message.attempt, "attempt", v.BIGGEST_ATTEMPT),
        state=message.state.value,
        recipe_hash=message.recipe.hash,
        recipe=msgspec.json.encode(message.recipe).decode(),
        changed_us=v.integer(message.changed_us, "changed_us"),
    )


def profile_row(batch: FramesProcessed) -> ProfileValues | None:
    """The batch's radial profile and spot distances, where it carries any."""
    radial, distances = batch.radial_profile, batch.spot_distances
    if not batch.frames or (radial is None and distances is None):
        return None
    return ProfileValues(
        v.integer(min(frame.frame for frame in batch.frames), "frame"),
        batch.lane.value,
        len(batch.frames),
        *_radial(radial),
        *_distances(distances),
        _profile_precedence(batch),
    )


def _radial(profile: RadialProfile | None) -> tuple[float | None, int | None, bytes | None]:
    if profile is None:
        return None, None, None
    return (
        v.double_or_null(profile.two_theta_step_deg),
        v.count(profile.n_frames, "radial_profile.n_frames"),
        _blob(profile.mean, "radial_profile.mean"),
    )


def _distances(spots: SpotDistances | None) -> tuple[float | None, int | None, bytes | None]:
    if spots is None:
        return None, None, None
    return (
        v.double_or_null(spots.step_per_angstrom),
        v.count(spots.n_frames, "spot_distances.n_frames"),
        _blob(spots.counts, "spot_distances.counts"),
    )


def _profile_precedence(batch: FramesProcessed) -> int:
    """The highest attempt wins, then the batch of most frames, then a hash of the content."""
    content = v.hash63((batch.radial_profile, batch.spot_distances))
    frames = min(len(batch.frames), _PROFILE_FRAMES)
    bits = _PROFILE_HASH_BITS
    return batch.attempt << ATTEMPT_SHIFT | frames << bits | content & ((1 << bits) - 1)


def _agreement(found: Agreement | None) -> tuple[float | None, ...]:
    if found is None:
        return (None,) * len(AGREEMENT_COLUMNS)
    return (
        *_rate(found.agreement),
        *(v.count(getattr(found, f"n_indexed_by_{who}"), who) for who in INDEXED_BY),
        *(part for name in DIFFERENCES for part in _difference(getattr(found, name), name)),
    )


def _difference(found: Difference, name: str) -> tuple[float | None, ...]:
    numbers = (found.median, found.low, found.high)
    return v.count(found.n, f"{name}.n"), *(v.double_or_null(number) for number in numbers)


def _rate(rate: Rate) -> tuple[float | None, float | None, float | None]:
    return v.double_or_null(rate.value), v.double_or_null(rate.low), v.double_or_null(rate.high)


def _blob(value: bytes, name: str) -> bytes:
    if len(value) > LONGEST_BLOB:
        raise BadMessageError(f"{name} has {len(value)} bytes, more than {LONGEST_BLOB}")
    return value
