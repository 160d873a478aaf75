"""Any order of arrival and any restart give the same frames, each once."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from libs.messages import RunEnded
from tests.run_discovery.helpers import HDF5, IMAGES, Discovery, file_seen, frames_of, run_seen

STRIDE = 100
FINAL = {1: 7, 2: 0, 3: 4}


def composite(number: int, readable: int):
    path = f"/data/r1/x_{number:05d}.h5"
    return file_seen(path, number=number, readable=readable, extent=readable)


def image(number: int):
    return file_seen(f"/data/r1/x_{number:04d}.cbf", number=number, readable=1)


def finish(discovery, seen):
    """Look until nothing is new; a second look is silent."""
    discovery.see(seen)
    assert discovery.see(seen) == []


@st.composite
def growths(draw):
    """Looks at three files that appear in any order and grow by any steps."""
    order = draw(st.permutations(list(FINAL)))
    sizes: dict[int, int] = {}
    looks = []
    for number in order:
        for size in sorted(draw(st.lists(st.integers(0, FINAL[number]), max_size=4))):
            sizes[number] = size
            looks.append(run_seen(*(composite(n, size) for n, size in sizes.items())))
    return looks


@given(growths(), st.data())
def test_growing_files(looks, data):
    discovery = Discovery(replace(HDF5, frames_per_file=STRIDE))
    for look in looks:
        new = discovery.see(look)
        if data.draw(st.booleans()):
            discovery.restart(lost=data.draw(st.integers(0, len(new))))
    finish(discovery, run_seen(*(composite(n, size) for n, size in FINAL.items()), finished=True))
    frames = sorted((frame, index) for *_, index, frame in frames_of(discovery.said))
    expected = [((n - 1) * STRIDE + i, i) for n, size in FINAL.items() for i in range(size)]
    assert frames == expected
    assert [m.n_frames for m in discovery.said if isinstance(m, RunEnded)][-1] == len(expected)


@given(st.permutations(range(12)), st.data())
def test_single_images(order, data):
    discovery = Discovery(replace(IMAGES, frames_expected=len(order), finished_after_s=None))
    for n in range(1, len(order) + 1):
        new = discovery.see(run_seen(*map(image, order[:n])))
        if data.draw(st.booleans()):
            discovery.restart(lost=data.draw(st.integers(0, len(new))))
    finish(discovery, run_seen(*map(image, order)))
    assert sorted(frame for *_, frame in frames_of(discovery.said)) == list(range(12))
    assert sum(isinstance(m, RunEnded) for m in discovery.said) == 1


@given(growths(), st.data())
def test_messages_that_stand_twice_on_the_topic_change_nothing(looks, data):
    discovery = Discovery(replace(HDF5, frames_per_file=STRIDE))
    for look in looks:
        discovery.see(look)
    once = discovery.ledger
    doubled = [m for m in discovery.said for _ in range(data.draw(st.integers(1, 2)))]
    discovery.said = doubled
    discovery.restart()
    assert discovery.ledger == once
