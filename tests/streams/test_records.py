"""Records decode or are rejected with their bytes; fakes behave like the real thing."""

from libs.messages import MessageRejected
from libs.streams import DeadLetters, Record, decode_record, next_positions
from libs.streams.fakes import FakeSink, FakeSource, record_of, records_of
from tests.messages.examples import EXAMPLES


def test_a_record_decodes_to_its_message() -> None:
    assert all(decode_record(record_of(example)) == example for example in EXAMPLES)


def test_next_positions_are_one_past_the_newest() -> None:
    example = EXAMPLES[0]
    records = [record_of(example, offset=o, partition=p) for p in (0, 1) for o in (3, 4)]
    assert set(next_positions(records).values()) == {5}


async def test_a_dead_letter_keeps_bytes_and_origin() -> None:
    sink = FakeSink()
    record = Record(topic="stillstream.frames.v1", partition=2, offset=7, key=b"k", value=b"\xff")
    await DeadLetters("database_sink", sink).reject(record, ValueError("truncated"))
    (letter,) = sink.published
    assert isinstance(letter, MessageRejected)
    assert (letter.topic, letter.partition, letter.offset) == ("stillstream.frames.v1", 2, 7)
    assert (letter.value, letter.reason) == (b"\xff", "truncated")


async def test_fake_source_gives_records_in_order() -> None:
    source = FakeSource(records_of(EXAMPLES))
    polled = await source.poll(max_records=2) + await source.poll()
    assert [decode_record(record) for record in polled] == list(EXAMPLES)
