"""Recordings: the same bytes again, damage with a place, a cut-off end."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.streams import Record, RecordingError, RecordingWriter, is_recording, read_recording
from libs.streams.recording import MAGIC

RECORDS = [
    Record(topic="t", partition=1, offset=7, key=b"k", value=b"\xff\x00", timestamp_ms=5),
    Record(topic="u", partition=0, offset=0, key=None, value=None, timestamp_ms=6),
    Record(topic="u", partition=0, offset=1, key=b"", value=b"", timestamp_ms=-1),
]


@pytest.mark.parametrize("name", ["shift.rec", "shift.rec.gz"])
def test_the_same_records_come_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with RecordingWriter(path) as writer:
        writer.write(RECORDS[:1])
        writer.write(RECORDS[1:])
    assert writer.n_records == 3
    assert is_recording(path)
    assert list(read_recording(path)) == RECORDS


@pytest.mark.parametrize("name", ["shift.rec", "shift.rec.gz"])
@given(cut=st.integers(len(MAGIC), 80))
def test_a_recording_that_was_cut_off_ends_early(
    tmp_path_factory: pytest.TempPathFactory, name: str, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / name
    with RecordingWriter(path) as writer:
        writer.write(RECORDS)
    path.write_bytes(path.read_bytes()[:cut])
    found = list(read_recording(path)) if is_recording(path) else []
    assert found == RECORDS[: len(found)]


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "shift.rec"
    path.write_text("precious")
    with pytest.raises(RecordingError, match="exists"), RecordingWriter(path):
        pass
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"something else", "is no recording"),
        (MAGIC + b"\xff\xff\xff\xff", "claims 4294967295 bytes"),
        (MAGIC + b"\x02\x00\x00\x00\x91\x01", "damaged at record 1"),
    ],
)
def test_damage_is_named(tmp_path: Path, raw: bytes, words: str) -> None:
    path = tmp_path / "shift.rec"
    path.write_bytes(raw)
    with pytest.raises(RecordingError, match=words):
        list(read_recording(path))


def test_a_missing_file_is_no_recording(tmp_path: Path) -> None:
    assert not is_recording(tmp_path / "nowhere")
    with pytest.raises(RecordingError, match="cannot be read"):
        list(read_recording(tmp_path / "nowhere"))
