"""Jobs of which nothing new comes leave memory, and come back from the checkpoint when needed."""

from libs.messages import CheckpointManifest, Cutoffs, JobId, JobState, Lane, RatesUpdated, Recipe
from libs.streams.fakes import FakeSink, record_of
from services.stats_aggregator.partition import PartitionState, needed
from services.stats_aggregator.service import Aggregator
from tests.crystallography.rates.builders import JOB, START_US, batch, lattice, result, shells
from tests.stats_aggregator.builders import MemoryStore, arrived, ended, job

MINUTE_US = 60_000_000
N_FRAMES = 3000
TABLE = shells([9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5])


class Service:
    """An aggregator that has counted a run of 3000 frames, with its clock in hand."""

    def __init__(self) -> None:
        self.store, self.now_us, self.offset = MemoryStore(), START_US, 0
        self._start()

    def _start(self) -> None:
        self.sink = FakeSink()
        self.aggregator = Aggregator(
            sink=self.sink,
            store=self.store,
            now_us=lambda: self.now_us,
            condense_after_us=MINUTE_US,
        )

    async def restart(self) -> None:
        """Another process, which learns again what the topics keep."""
        self._start()
        await self.learn(job(), arrived(N_FRAMES), ended(N_FRAMES))
        await self.aggregator.hold(frozenset({0}))

    async def learn(self, *facts: object) -> None:
        await self.aggregator.learn([record_of(fact) for fact in facts])  # type: ignore[arg-type]

    async def frames(self, first: int, count: int, **fields: object) -> None:
        """Some frames, of which every fourth is indexed."""
        found = (lattice(TABLE),)
        results = [
            result(i, n_strong=i % 90, lattices=found * (i % 4 == 0), d_min_contiguous=2.2)
            for i in range(first, first + count)
        ]
        await self.aggregator.count(record_of(batch(results, **fields), offset=self.offset))
        self.offset += 1

    async def turn(self, after_us: int = 0) -> None:
        """Time passes, then the timers strike."""
        self.now_us += after_us
        await self.aggregator.publish()
        await self.aggregator.checkpoint()
        known = [m for m in self.sink.published if isinstance(m, RatesUpdated)]
        self.store.published |= {rates.job: rates for rates in known}

    @property
    def state(self) -> PartitionState:
        return self.aggregator.aggregation.partitions[0]

    @property
    def rates(self) -> RatesUpdated:
        return self.store.published[JOB]


async def finished_run() -> Service:
    service = Service()
    await service.restart()
    await service.frames(0, N_FRAMES)
    await service.frames(0, 100, lane=Lane.FAST)
    await service.turn()
    return service


async def sleeping() -> Service:
    service = await finished_run()
    await service.turn(2 * MINUTE_US)
    await service.turn()
    assert service.state.statistics == {}
    return service


async def test_a_finished_job_leaves_memory_with_all_its_lanes() -> None:
    service = await sleeping()
    assert service.state.asleep[JOB].n_segments == {Lane.DIALS: 3, Lane.FAST: 1}
    assert len(service.store.stored) == 4
    assert service.store.manifest is not None
    assert needed(service.store.manifest) == ()


async def test_a_job_stays_while_there_is_news_or_it_is_preliminary() -> None:
    service = await finished_run()
    await service.learn(ended(N_FRAMES + 1))
    await service.turn(2 * MINUTE_US)
    await service.turn(2 * MINUTE_US)
    assert JOB not in service.state.asleep
    await service.turn(31 * MINUTE_US)
    assert JOB in service.state.asleep


async def test_what_is_not_durable_stays() -> None:
    service = await finished_run()
    await service.frames(N_FRAMES, 1)
    await service.aggregator.publish()
    service.now_us += 2 * MINUTE_US
    await service.aggregator.publish()
    assert JOB not in service.state.asleep


async def test_a_late_frame_wakes_its_job() -> None:
    service = await sleeping()
    await service.frames(N_FRAMES, 1)
    await service.turn()
    assert service.rates.summary.n_processed == N_FRAMES + 1
    assert service.rates.summary.n_indexed == N_FRAMES // 4 + 1
    assert service.store.manifest is not None
    assert len(needed(service.store.manifest)) == 4


async def test_a_duplicate_wakes_and_changes_nothing() -> None:
    service = await sleeping()
    before = service.rates
    await service.frames(0, 40)
    await service.turn()
    assert service.rates == before


async def test_other_cutoffs_wake_a_job() -> None:
    service = await sleeping()
    recipe = Recipe(phil="", d_min_angstrom=2.0, cutoffs=Cutoffs(hit=10, i_sigi=3.0))
    await service.learn(job(recipe=recipe))
    await service.turn()
    n_hits = sum(i % 90 >= 10 for i in range(N_FRAMES))
    assert service.rates.summary.n_hits == n_hits


async def test_a_new_attempt_wakes_a_job() -> None:
    service = await sleeping()
    await service.learn(job(attempt=2))
    await service.turn()
    assert (service.rates.attempt, service.rates.summary.n_processed) == (2, 0)


async def test_more_announced_frames_wake_a_job() -> None:
    service = await sleeping()
    await service.learn(arrived(500, sequence=7))
    await service.turn()
    assert (service.rates.n_waiting, service.rates.preliminary) == (500, True)


async def test_a_sleeping_job_sleeps_on_in_the_next_process() -> None:
    service = await sleeping()
    before = service.rates
    await service.restart()
    await service.turn()
    assert service.state.statistics == {}
    current = service.aggregator.aggregation.current()
    assert current == before
    await service.frames(N_FRAMES, 1)
    await service.turn()
    assert service.rates.summary.n_processed == N_FRAMES + 1


async def test_what_changed_between_two_processes_wakes_a_job() -> None:
    service = await sleeping()
    await service.restart()
    await service.learn(job(attempt=2))
    await service.turn()
    assert service.rates.attempt == 2


async def test_a_deleted_job_is_forgotten_in_its_sleep() -> None:
    service = await sleeping()
    await service.learn(job(state=JobState.DELETED))
    await service.turn()
    assert service.store.stored == {}
    assert service.state.jobs == frozenset()
    assert [key for _, key in service.sink.tombstones] == [JOB]


async def test_advice_is_not_told_again_after_a_sleep() -> None:
    service = Service()
    await service.restart()
    blanks = [result(i, ring_low=2.0, ring_high=1.5, solvent_ratio=0.75) for i in range(N_FRAMES)]
    await service.aggregator.count(record_of(batch(blanks), offset=0))
    service.offset = 1
    await service.turn()
    told = [m for m in service.sink.published if not isinstance(m, RatesUpdated)]
    assert told
    await service.turn(2 * MINUTE_US)
    assert JOB in service.state.asleep
    await service.aggregator.count(record_of(batch(blanks[:9]), offset=1))
    await service.turn(MINUTE_US // 10)
    assert JOB not in service.state.asleep
    assert [m for m in service.sink.published if not isinstance(m, RatesUpdated)] == told


def test_manifests_that_name_every_segment_are_still_read() -> None:
    state = PartitionState(0)
    state.count([batch([result(i) for i in range(1500)])])
    segments = {s.segment: s.state for s in state.checkpoint(START_US).segments}
    old = CheckpointManifest(
        service="stats_aggregator",
        partition=0,
        next_offset=1,
        segments=tuple(segments),
        written_us=START_US,
    )
    again = PartitionState.restored(0, old, segments, segments.keys())
    assert again.statistics[(JobId(JOB), Lane.DIALS)].summary().n_processed == 1500
