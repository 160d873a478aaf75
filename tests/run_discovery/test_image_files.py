"""Telling whole image files from those that are still being written."""

import bz2
import gzip
from pathlib import Path

import pytest

from services.run_discovery.image_files import is_whole
from tests.run_discovery.helpers import MINI_CBF

DATA = Path(__file__).parents[1] / "data"
THAUMATIN = sorted((DATA / "thaumatin_grid").glob("*.cbf.bz2"))
THERMOLYSIN = sorted((DATA / "thermolysin_cspad").glob("*.cbf"))


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_the_real_images():
    assert THAUMATIN
    assert THERMOLYSIN
    assert all(is_whole(path) is True for path in THAUMATIN)
    assert all(is_whole(path) is None for path in THERMOLYSIN)  # a full CBF may get more sections


def test_a_real_mini_cbf_cut_off_anywhere(tmp_path):
    content = bz2.decompress(THAUMATIN[0].read_bytes())
    assert is_whole(written(tmp_path, "a.cbf", content)) is True
    for length in (0, 1, 500, 3000, 20_000, len(content) // 2, len(content) - 60):
        assert is_whole(written(tmp_path, "a.cbf", content[:length])) is False


def test_a_full_cbf_cut_off_inside_a_section(tmp_path):
    content = THERMOLYSIN[0].read_bytes()
    for length in (1000, len(content) // 3, len(content) - 100):
        assert is_whole(written(tmp_path, "a.cbf", content[:length])) is False


@pytest.mark.parametrize("length", [1, 20, -20, -1])
def test_a_bz2_file_cut_off(tmp_path, length):
    content = bz2.compress(MINI_CBF * 20)
    assert is_whole(written(tmp_path, "a.cbf.bz2", content)) is True
    assert is_whole(written(tmp_path, "a.cbf.bz2", content[:length])) is False


def test_a_bz2_stream_may_end_at_any_bit(tmp_path):
    assert all(
        is_whole(written(tmp_path, "a.cbf.bz2", bz2.compress(bytes(range(n)))))
        for n in range(1, 99)
    )


def test_a_gz_file_and_other_formats_cannot_be_told(tmp_path):
    assert is_whole(written(tmp_path, "a.cbf.gz", gzip.compress(MINI_CBF))) is None
    assert is_whole(written(tmp_path, "a.img", b"anything")) is None


def test_junk_and_nothing_are_no_images(tmp_path):
    assert is_whole(written(tmp_path, "a.cbf", b"not a CBF at all")) is False
    assert is_whole(written(tmp_path, "a.cbf", b"")) is False
    assert is_whole(written(tmp_path, "a.cbf.gz", b"\x1f\x8b")) is False
