"""A run on disk: its layout, its truth, and its end."""

from collections.abc import Callable
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  (registers bitshuffle)
import pytest

from libs.simulation import (
    BeamlineSettings,
    BeamSettings,
    RunRequest,
    SimulationError,
    prepare_run,
    read_frame_truths,
    read_run_truth,
    simulate_run,
)
from libs.simulation.nxmx import DATA, SEQUENCE_NUMBER, TIMESTAMP, WAVELENGTH
from tests.simulation.conftest import QUICK, START_US

Ask = Callable[..., RunRequest]


def test_files_truth_and_status_lie_side_by_side(request_run: Ask) -> None:
    request = request_run()
    truth = simulate_run(request)
    folder = request.out / "r0001"
    assert sorted(path.name for path in folder.iterdir()) == [
        "shot_00001.h5",
        "status.txt",
        "truth.jsonl",
        "truth_run.json",
    ]
    assert (folder / "status.txt").read_text() == "Status=Finished\n"
    assert truth.complete
    assert truth.frames_by_kind == {"jet": 2, "hit": 2, "dark": 1}


def test_the_status_comes_last(request_run: Ask) -> None:
    writer = prepare_run(request_run(frames=2))
    frames = writer.frames()
    next(frames)
    next(frames)
    assert not (writer.folder / "status.txt").exists()
    assert not read_run_truth(writer.folder).complete
    assert list(frames) == []
    assert (writer.folder / "status.txt").exists()


def test_an_abandoned_run_closes_its_file_and_has_no_status(request_run: Ask) -> None:
    writer = prepare_run(request_run())
    frames = writer.frames()
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert not (writer.folder / "status.txt").exists()
    with h5py.File(writer.folder / "shot_00001.h5") as file:
        assert len(file[DATA]) == 1


def test_frames_are_split_over_files(request_run: Ask) -> None:
    request = request_run(frames_per_file=2)
    truth = simulate_run(request)
    folder = request.out / "r0001"
    assert truth.files == ("shot_00001.h5", "shot_00002.h5", "shot_00003.h5")
    numbers = []
    for name in truth.files:
        with h5py.File(folder / name) as file:
            numbers.append(file[SEQUENCE_NUMBER][()].tolist())
            assert len(file[DATA]) == len(file[TIMESTAMP]) == len(numbers[-1])
    assert numbers == [[0, 1], [2, 3], [4]]
    places = [(t.file, t.index_in_file) for t in read_frame_truths(folder)]
    assert places[2:4] == [("shot_00002.h5", 0), ("shot_00002.h5", 1)]


def test_every_frame_has_its_own_time_stamp(request_run: Ask) -> None:
    request = request_run(rate_hz=200.0)
    simulate_run(request)
    folder = request.out / "r0001"
    expected = [START_US + 5000 * n for n in range(5)]
    assert [t.ts_us for t in read_frame_truths(folder)] == expected
    with h5py.File(folder / "shot_00001.h5") as file:
        assert file[TIMESTAMP][()].tolist() == expected
        assert file["/entry/start_time"][()] == b"2027-01-15T08:00:00.000000+00:00"
        assert file["/entry/instrument/detector/frame_time"][()] == 0.005


def test_the_truth_holds_onset_and_cure(request_run: Ask) -> None:
    truth = prepare_run(request_run(scenario="jet-dies", frames=10)).truth
    assert (truth.onset_frame, truth.cure_frame) == (4, 8)
    assert truth.onset_us == START_US + 4 * truth.period_us
    assert truth.cure_us == START_US + 8 * truth.period_us


def test_the_same_seed_writes_the_same_pixels(request_run: Ask, tmp_path: Path) -> None:
    pixels = []
    for name in ("first", "second"):
        simulate_run(request_run(out=tmp_path / name, frames=3, seed=7))
        with h5py.File(tmp_path / name / "r0001" / "shot_00001.h5") as file:
            pixels.append(file[DATA][()].tobytes())
    assert pixels[0] == pixels[1]


def test_each_frame_has_one_compressed_chunk(request_run: Ask) -> None:
    request = request_run()
    simulate_run(request)
    with h5py.File(request.out / "r0001" / "shot_00001.h5") as file:
        data = file[DATA]
        assert data.chunks == (1, *data.shape[1:])
        assert data.id.get_num_chunks() == 5
        assert "32008" in data._filters  # bitshuffle


def test_wavelengths_grow_with_the_frames_when_they_jitter(request_run: Ask) -> None:
    beam = BeamSettings(wavelength_jitter=0.003)
    settings = BeamlineSettings(detector=QUICK.detector, beam=beam)
    request = request_run(beamline=settings)
    simulate_run(request)
    folder = request.out / "r0001"
    with h5py.File(folder / "shot_00001.h5") as file:
        written = file[WAVELENGTH][()].tolist()
    assert written == [t.wavelength_angstrom for t in read_frame_truths(folder)]
    assert len(set(written)) == 5


def test_runs_are_numbered_on(request_run: Ask) -> None:
    simulate_run(request_run(frames=1, run_number=41))
    assert prepare_run(request_run(frames=1)).folder.name == "r0042"


def test_a_run_is_never_overwritten(request_run: Ask) -> None:
    request = request_run(frames=1, run_number=3)
    simulate_run(request)
    with pytest.raises(SimulationError, match=r"r0003 exists already; choose another run number"):
        simulate_run(request)


@pytest.mark.parametrize(
    "wrong",
    [{"frames": 0}, {"rate_hz": -1.0}, {"frames_per_file": 0}, {"flush_every": 0}],
    ids=str,
)
def test_impossible_requests_are_refused_in_words(
    request_run: Ask, wrong: dict[str, float]
) -> None:
    with pytest.raises(SimulationError, match=str(next(iter(wrong.values())))):
        prepare_run(request_run(**wrong))


def test_without_a_rate_the_run_ends_now(request_run: Ask) -> None:
    request = request_run(start_us=None, frames=30)
    truth = prepare_run(request, now=lambda: 1_800_000_000.0).truth
    assert truth.start_us == pytest.approx(1_800_000_000e6 - 1e6, abs=100)


def test_with_a_rate_the_run_starts_now(request_run: Ask) -> None:
    request = request_run(start_us=None, rate_hz=10.0)
    assert prepare_run(request, now=lambda: 1_800_000_000.0).truth.start_us == START_US
