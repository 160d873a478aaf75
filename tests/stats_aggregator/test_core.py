"""What is counted, published and kept."""

import msgspec

from libs.messages import Cutoffs, JobId, JobState, Lane, Recipe
from services.stats_aggregator.core import Aggregation
from services.stats_aggregator.partition import PartitionState
from tests.crystallography.rates.builders import JOB, batch, result
from tests.stats_aggregator.builders import arrived, ended, job

NOW_US = 1_780_000_100_000_000


def aggregation() -> Aggregation:
    made = Aggregation()
    made.adopt(PartitionState(0))
    return made


def test_nothing_is_published_before_the_job_is_known() -> None:
    core = aggregation()
    core.take(0, 0, batch([result(1)]))
    assert core.updates(NOW_US) == ()
    core.learn(job())
    (rates,) = core.updates(NOW_US)
    assert rates.summary.n_processed == 1


def test_only_changed_jobs_are_published() -> None:
    core = aggregation()
    core.learn(job())
    core.take(0, 0, batch([result(1)]))
    assert len(core.updates(NOW_US)) == 1
    core.take(0, 1, batch([result(1)]))
    assert core.updates(NOW_US) == ()


def test_a_run_is_preliminary_while_it_is_open_or_behind() -> None:
    core = aggregation()
    core.learn(job())
    core.learn(arrived(2))
    core.learn(arrived(2))
    core.take(0, 0, batch([result(1), result(2)]))
    (still_open,) = core.updates(NOW_US)
    core.learn(ended(3))
    (behind,) = core.updates(NOW_US)
    core.take(0, 1, batch([result(3)]))
    (final,) = core.updates(NOW_US)
    assert [r.preliminary for r in (still_open, behind, final)] == [True, True, False]
    assert [(r.n_announced, r.n_waiting) for r in (still_open, behind, final)] == [
        (2, 0),
        (3, 1),
        (3, 0),
    ]


def test_revisions_rise_even_when_the_clock_falls() -> None:
    core = aggregation()
    core.learn(job())
    core.take(0, 0, batch([result(1)]))
    (first,) = core.updates(NOW_US)
    again = aggregation()
    again.remember_published([first])
    again.learn(job())
    again.take(0, 0, batch([result(2)]))
    (second,) = again.updates(NOW_US - 3_600_000_000)
    assert second.revision == first.revision + 1


def test_offsets_below_the_checkpoint_are_skipped() -> None:
    core = aggregation()
    core.learn(job())
    core.take(0, 7, batch([result(1)]))
    assert core.take(0, 5, batch([result(2)])) == 0
    assert core.partitions[0].next_offset == 8


def test_only_the_jobs_own_lane_counts() -> None:
    core = aggregation()
    core.learn(job())
    core.take(0, 0, batch([result(1), result(2)]))
    core.take(0, 1, batch([result(i) for i in range(50)], lane=Lane.EXTERNAL))
    (rates,) = core.updates(NOW_US)
    assert rates.summary.n_processed == 2


def test_cutoffs_of_the_job_apply_at_once() -> None:
    core = aggregation()
    core.learn(job())
    core.take(0, 0, batch([result(i, n_strong=30) for i in range(4)]))
    (before,) = core.updates(NOW_US)
    core.learn(job(recipe=Recipe(phil="", d_min_angstrom=2.0, cutoffs=Cutoffs(hit=30))))
    (after,) = core.updates(NOW_US)
    assert (before.summary.n_hits, after.summary.n_hits) == (0, 4)


def test_a_new_attempt_takes_the_old_results_out() -> None:
    core = aggregation()
    core.learn(job())
    core.take(0, 0, batch([result(1)]))
    core.updates(NOW_US)
    core.learn(job(attempt=2))
    core.learn(job(attempt=1))
    (rates,) = core.updates(NOW_US)
    assert (rates.attempt, rates.summary.n_processed) == (2, 0)


def test_a_deleted_job_goes_once_and_stays_away() -> None:
    core = aggregation()
    core.learn(job())
    core.take(0, 0, batch([result(1)]))
    core.updates(NOW_US)
    core.partitions[0].checkpoint(NOW_US)
    core.learn(job(state=JobState.DELETED))
    assert core.deletions() == (JOB,)
    core.take(0, 1, batch([result(2)]))
    assert core.updates(NOW_US) == ()
    assert core.deletions() == ()
    checkpoint = core.partitions[0].checkpoint(NOW_US)
    assert checkpoint.manifest.held == ()
    assert checkpoint.obsolete == (f"{JOB}#dials#0",)


def test_the_current_job_is_the_newest_active_one() -> None:
    core = aggregation()
    names = [JobId(f"common/beam/{n}/v1/t001/g001") for n in range(3)]
    for n, name in enumerate(names):
        state = JobState.STOPPED if n == 2 else JobState.ACTIVE
        core.learn(job(job=name, started_us=n, state=state))
        core.take(0, n, batch([result(1)], job=name))
    core.updates(NOW_US)
    current = core.current()
    assert current is not None
    assert current.job == names[1]


def test_an_equal_message_is_not_published_again_after_a_restart() -> None:
    core = aggregation()
    core.learn(job())
    core.take(0, 0, batch([result(1)]))
    (published,) = core.updates(NOW_US)
    again = aggregation()
    again.remember_published([published, msgspec.structs.replace(published, revision=1)])
    again.learn(job())
    again.take(0, 0, batch([result(1)]))
    assert again.updates(NOW_US + 1) == ()
