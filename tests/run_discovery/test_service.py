"""The loop with a real folder and a sink in memory."""

from libs.messages import FramesArrived, MessageRejected, RunStarted
from libs.messages.topics import RUNS
from libs.streams import DeadLetters, Record
from libs.streams.fakes import FakeSink, records_of
from services.run_discovery.folders import FolderWatch
from services.run_discovery.ledger import Ledger
from services.run_discovery.service import RunDiscovery, Watched, ledger_from
from services.run_discovery.sightings import Mode
from tests.run_discovery.helpers import MINI_CBF, NOW_US, frames_of, settings_for


def discovery(folder, sink, ledger=None):
    settings = settings_for(folder, Mode.IMAGE_FILES)
    watch = FolderWatch(settings, rescan_finished_s=0.0, monotonic=lambda: 1.0)
    return RunDiscovery(
        sources=[Watched(rules=settings.rules(), watch=watch)],
        sink=sink,
        ledger=ledger or Ledger(),
        scan_interval_s=0.001,
        now_us=lambda: NOW_US,
    )


def write(folder, *numbers):
    (folder / "r1").mkdir(exist_ok=True)
    for n in numbers:
        (folder / f"r1/x_{n:04d}.cbf").write_bytes(MINI_CBF)


async def test_each_turn_announces_what_came(tmp_path):
    sink = FakeSink()
    service = discovery(tmp_path, sink)
    write(tmp_path, 1)
    await service.step()
    write(tmp_path, 2)
    await service.step()
    await service.step()
    assert [frame for *_, frame in frames_of(sink.published)] == [1, 2]
    assert [m.sequence for m in sink.published if isinstance(m, FramesArrived)] == [0, 1]
    assert {topic.name for topic in sink.topics} == {RUNS.name}


async def test_a_restart_reads_back_and_goes_on(tmp_path):
    sink = FakeSink()
    write(tmp_path, 1, 2)
    await discovery(tmp_path, sink).step()
    ledger = await ledger_from(records_of(sink.published), DeadLetters("test", FakeSink()))
    write(tmp_path, 3)
    await discovery(tmp_path, sink, ledger).step()
    assert sorted(frame for *_, frame in frames_of(sink.published)) == [1, 2, 3]
    assert sum(isinstance(m, RunStarted) for m in sink.published) == 1


async def test_a_failed_publication_is_tried_again_whole(tmp_path):
    class Failing(FakeSink):
        broken = True

        async def publish(self, messages, *, topic=None):
            if self.broken:
                raise OSError("no broker")
            await super().publish(messages, topic=topic)

    sink = Failing()
    service = discovery(tmp_path, sink)
    write(tmp_path, 1)
    for broken in (True, False):
        sink.broken = broken
        try:
            await service.step()
        except OSError:
            assert broken
    assert len(frames_of(sink.published)) == 1


async def test_a_bad_message_on_the_topic_costs_itself(tmp_path):
    sink, letters = FakeSink(), FakeSink()
    write(tmp_path, 1)
    await discovery(tmp_path, sink).step()
    bad = Record(topic=RUNS.name, partition=0, offset=99, key=b"x", value=b"\xff")
    ledger = await ledger_from([bad, *records_of(sink.published)], DeadLetters("test", letters))
    assert [type(m) for m in letters.published] == [MessageRejected]
    assert sum(run.n_frames for run in ledger.runs.values()) == 1
