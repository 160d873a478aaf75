"""What is kept of compacted topics: the newest readable message of a key."""

from dataclasses import replace

from libs.messages import BadMessageError, Message
from libs.streams.fakes import record_of
from services.stats_aggregator.store import keep
from tests.contracts.hostile_wire import hostile_payloads
from tests.crystallography.rates.builders import batch, result
from tests.stats_aggregator.builders import rates_of

GOOD = rates_of(batch([result(1)]))


def test_bad_messages_do_not_hide_the_good_one_before_them() -> None:
    newest: dict[bytes, Message] = {}
    assert keep(newest, record_of(GOOD)) is None
    for payload in hostile_payloads(GOOD).values():
        if payload is not None:
            error = keep(newest, replace(record_of(GOOD), value=payload))
            assert isinstance(error, BadMessageError)
    assert list(newest.values()) == [GOOD]


def test_a_tombstone_takes_the_key_away() -> None:
    newest: dict[bytes, Message] = {}
    keep(newest, record_of(GOOD))
    assert keep(newest, replace(record_of(GOOD), value=None)) is None
    assert newest == {}
