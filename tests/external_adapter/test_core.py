"""Which jobs take external results, and positions that survive restarts or are begun anew."""

from libs import messages as m
from services.external_adapter.core import Known, Positions
from tests.external_adapter.builders import JOB, RUN, job, started

KEY = ("mx2471", "jet-a", "13")


def test_the_newest_version_of_a_run_counts_in_any_order() -> None:
    second = started(m.run_id("mx2471", "jet-a", "13", 2))
    for order in ([started(), second], [second, started()]):
        known = Known()
        for message in order:
            known.take(message)
        assert known.run(KEY) == second


def test_an_older_attempt_never_comes_back() -> None:
    known = Known()
    for message in (job(attempt=2), job(attempt=1)):
        known.take(message)
    assert [j.attempt for j in known.jobs(RUN)] == [2]
    known.forget(JOB)
    assert known.jobs(RUN) == []


def test_positions_come_back_from_their_checkpoints() -> None:
    before = Positions("external_adapter")
    segment = before.moved("/a", job(), inode=5, offset=70)
    after = Positions("external_adapter")
    after.restore(segment)
    assert after.offset("/a", job(), inode=5, size=100) == 70
    assert after.offset("/a", job(), inode=5, size=60) == 0  # it was cut
    assert after.offset("/a", job(), inode=6, size=100) == 0
    assert after.offset("/a", job(attempt=2), inode=5, size=100) == 0
    assert after.offset("/b", job(), inode=5, size=100) == 0


def test_a_damaged_or_foreign_checkpoint_counts_for_nothing() -> None:
    positions = Positions("external_adapter")
    good = positions.moved("/a", job(), inode=5, offset=70)
    for changes in ({"state": b"\xff"}, {"service": "stats_aggregator"}):
        fresh = Positions("external_adapter")
        fresh.restore(
            m.CheckpointSegment(
                **(
                    {
                        "service": good.service,
                        "partition": 0,
                        "segment": good.segment,
                        "state": good.state,
                    }
                    | changes
                )
            )
        )
        assert fresh.offset("/a", job(), inode=5, size=100) == 0
