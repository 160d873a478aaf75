"""CrystFEL's chunks: units, axes and numbers; what is cut off or no chunk is named as such."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.external_results import FORMATS, ExternalError, cut_chunks, cut_lines, read_chunk

STREAM = (Path(__file__).parents[1] / "data/external/crystfel.stream").read_bytes()
CHUNKS = [piece.payload for piece in cut_chunks(STREAM, 0)]


def test_a_stream_is_cut_into_its_chunks() -> None:
    assert [read_chunk(chunk).number for chunk in CHUNKS] == [0, 1]


def test_a_miss_was_not_tried() -> None:
    miss = read_chunk(CHUNKS[0])
    assert (miss.n_strong, miss.tried, miss.lattices) == (3, False, ())
    assert miss.wavelength_angstrom == pytest.approx(1.30510, abs=1e-5)
    assert (miss.file, miss.index_in_file) == ("/data/r0013/shot_00001.h5", 0)


def test_a_hit_has_its_lattices_in_angstrom() -> None:
    hit = read_chunk(CHUNKS[1])
    first, second = hit.lattices
    assert hit.tried
    assert first.unit_cell == pytest.approx((79.1, 79.1, 37.9, 90, 90, 90))
    assert (first.space_group, first.n_integrated) == ("P 4", 412)
    assert (first.d_min_contiguous, second.d_min_contiguous) == pytest.approx((2.0, 2.5))


def test_the_setting_matrix_gives_the_cell_in_our_frame() -> None:
    (lattice, _) = read_chunk(CHUNKS[1]).lattices
    a = np.reshape(lattice.a_matrix, (3, 3))
    real = np.linalg.inv(a)
    assert np.linalg.norm(real, axis=1) == pytest.approx([79.1, 79.1, 37.9], rel=1e-3)
    assert a[:, 0] == pytest.approx([-0.01264223, 0.0, 0.0])  # x turns over, y stays
    assert a[1, 1] > 0.0 > a[1, 1] * a[2, 1] * -1.0
    assert np.linalg.det(a) > 0.0


@pytest.mark.parametrize(
    ("lattice_type", "centring", "group"),
    [
        ("monoclinic", "C", "C 1 2 1"),
        ("rhombohedral", "R", "R 3"),
        ("hexagonal", "H", "R 3"),
        ("hexagonal", "P", "P 6"),
        ("cubic", "F", "F 2 3"),
    ],
)
def test_lattice_type_and_centring(lattice_type: str, centring: str, group: str) -> None:
    chunk = CHUNKS[1].replace(b"= tetragonal", f"= {lattice_type}".encode())
    chunk = chunk.replace(b"centering = P", f"centering = {centring}".encode())
    assert read_chunk(chunk).lattices[0].space_group == group


def test_a_single_image_has_the_number_in_its_name() -> None:
    chunk = CHUNKS[0].replace(b"Event: //0\n", b"")
    assert read_chunk(chunk).number == 1


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        CHUNKS[1][: len(CHUNKS[1]) // 2],
        CHUNKS[0].replace(b"num_peaks = 3", b"num_peaks = many"),
        CHUNKS[0].replace(b"photon_energy_eV = 9500.000000", b"photon_energy_eV = 0.0"),
        CHUNKS[0].replace(b"Image filename: /data", b"Image: /data"),
        CHUNKS[0].replace(b"//0", b"//").replace(b"00001", b"one"),
        CHUNKS[1].replace(b"7.91000 7.91000", b"nan nan"),
        CHUNKS[1].replace(b"7.91000 7.91000", b"0.00000 7.91000"),
        CHUNKS[1].replace(b"astar", b"Astar", 1),
        CHUNKS[1].replace(b"num_reflections = 412", b"num_reflections = 99999999999"),
        CHUNKS[1].replace(b"xgandalf", b"\xff\xfe"),
        b"----- Begin chunk -----\x00\x00\x00----- End chunk -----\n",
    ],
)
def test_a_bad_chunk_is_an_error_and_nothing_worse(bad: bytes) -> None:
    with pytest.raises(ExternalError):
        FORMATS["crystfel"].read(bad)


def test_a_chunk_that_was_never_ended_costs_itself() -> None:
    broken = STREAM.replace(b"----- End chunk -----\n", b"", 1)
    first, second = cut_chunks(broken, 0)
    assert b"//0" in first.payload
    assert FORMATS["crystfel"].read(second.payload)[0].number == 1
    with pytest.raises(ExternalError, match="never ended"):
        FORMATS["crystfel"].read(first.payload)


@given(st.integers(0, len(STREAM)))
def test_a_growing_stream_gives_each_chunk_once(written: int) -> None:
    early = list(cut_chunks(STREAM[:written], 0))
    at = early[-1].end if early else 0
    late = list(cut_chunks(STREAM[at:], at))
    assert [piece.payload for piece in (*early, *late)] == CHUNKS


@given(st.lists(st.binary(max_size=20).filter(lambda b: b"\n" not in b)), st.integers(0, 400))
def test_a_growing_file_of_lines_gives_each_line_once(lines: list[bytes], written: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    early = list(cut_lines(data[:written], 0))
    at = early[-1].end if early else 0
    late = list(cut_lines(data[at:], at))
    assert [p.payload for p in (*early, *late)] == [b for line in lines if (b := line.strip())]
