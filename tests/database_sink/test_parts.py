"""How a poll is cut into transactions."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from libs.streams.fakes import records_of
from services.database_sink.parts import parts_of
from tests.catalogue.builders import arrived

RECORD = records_of([arrived(0)])[0]


@given(st.lists(st.one_of(st.none(), st.integers(0, 300)), max_size=30))
def test_parts_are_everything_in_order_and_no_longer_than_they_may_be(
    lengths: list[int | None],
) -> None:
    records = [
        replace(RECORD, offset=offset, value=None if length is None else b"x" * length)
        for offset, length in enumerate(lengths)
    ]
    parts = parts_of(records, most_bytes=250)
    assert [record for part in parts for record in part] == records
    assert all(len(part) == 1 or sum(len(r.value or b"") for r in part) <= 250 for part in parts)
    assert all(parts)
