"""Two results of one run through the API: the numbers of the core, and what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from libs.crystallography.rates import rows_of
from libs.messages import FrameResult, JobId, Lane, RunId
from services.live_view.comparing import Side, answer
from services.live_view.pages import Pages
from tests.crystallography.rates.builders import JOB, RUN, batch, lattice, result
from tests.live_view.builders import Clock, MemoryCatalogue, live_view, shown_job

OTHER = JobId(f"{RUN}/t002/g001")
ELSEWHERE = JobId("common/beam/14/v1/t001/g001")


def frame(number: int, *, is_indexed: bool, scale: float = 1.0, d_min: float = 2.2) -> FrameResult:
    cell = (78.0 * scale, 78.0, 37.0, 90.0, 90.0, 90.0)
    found = msgspec.structs.replace(lattice(), unit_cell=cell)
    return result(
        number,
        n_strong=50 + (20 if scale > 1 else 0),
        lattices=(found,) * is_indexed,
        d_min_contiguous=d_min if is_indexed else None,
    )


FIRST = [frame(n, is_indexed=n < 6) for n in range(10)]
SECOND = [frame(n, is_indexed=n >= 4, scale=1.01, d_min=2.0) for n in range(1, 12)]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TestClient]:
    catalogue = MemoryCatalogue(
        shown_job(),
        shown_job(id=8, job=OTHER, trial=2),
        shown_job(id=9, job=ELSEWHERE, run=RunId("common/beam/14/v1")),
    )
    catalogue.put(batch(FIRST))
    catalogue.put(batch(SECOND, job=OTHER))
    view = live_view(catalogue, Clock())
    await view.look_at_database()
    async with TestClient(TestServer(Pages(view, tmp_path).application())) as made:
        yield made


async def asked(client: TestClient, query: str) -> dict[str, Any]:
    answer = await client.get(f"/api/compare?{query}")
    assert answer.status == 200, await answer.text()
    content: dict[str, Any] = await answer.json()
    return content


@pytest.mark.parametrize("query", ["first=7&second=8", f"first={JOB}&second={OTHER}@dials"])
async def test_numbers_and_names_mean_the_same_two(client: TestClient, query: str) -> None:
    found = await asked(client, query)
    assert (found["first"]["name"], found["second"]["name"]) == (f"{JOB}@dials", f"{OTHER}@dials")
    assert (found["n_compared"], found["only_first"], found["only_second"]) == (9, [0], [10, 11])
    assert (found["n_indexed_by_both"], found["n_indexed_by_neither"]) == (2, 0)
    assert found["indexed_by_first"] == [1, 2, 3]
    assert found["indexed_by_second"] == [6, 7, 8, 9]
    assert (found["n_indexed_by_first"], found["n_indexed_by_second"]) == (3, 4)
    assert found["agreement"] == pytest.approx(2 / 9)
    assert found["n_strong"] == {"n": 9, "median": 20.0, "low": 20.0, "high": 20.0}
    assert found["d_min_angstrom"]["median"] == pytest.approx(-0.2)
    assert found["cell_percent"][0]["median"] == pytest.approx(1.0, rel=1e-4)
    assert found["cell_percent"][1]["median"] == 0


def test_long_lists_are_cut_and_their_lengths_told() -> None:
    sides = [Side(job=shown_job(job=job), lane=Lane.DIALS) for job in (JOB, OTHER)]
    rows = (rows_of(batch(FIRST)), rows_of(batch(SECOND)))
    found = answer(sides[0], sides[1], rows, most_listed=2)
    assert (found["indexed_by_second"], found["n_indexed_by_second"]) == ((6, 7), 4)


async def test_a_lane_without_results_has_nothing_in_common(client: TestClient) -> None:
    found = await asked(client, "first=7&second=7@fast")
    assert (found["n_compared"], found["agreement"]) == (0, None)


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("first=7", 400, "second must be JOB"),
        ("first=7&second=7", 400, "with itself"),
        ("first=7&second=9", 400, "different runs"),
        ("first=7&second=99", 404, "no job 99"),
        ("first=7&second=nobody", 404, "no job nobody"),
        ("first=7&second=8@slow", 400, "no lane 'slow'"),
        ("first=7&second=" + "x" * 400, 400, "second must be JOB"),
        ("first=7&second=%C2%B2", 404, "no job"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(
    client: TestClient, query: str, status: int, words: str
) -> None:
    answer = await client.get(f"/api/compare?{query}")
    assert answer.status == status
    assert words in (await answer.json())["error"]


async def test_lanes_and_a_frame_in_one_of_them(client: TestClient) -> None:
    lanes = await (await client.get("/api/jobs/7/lanes")).json()
    assert lanes == {"id": 7, "lanes": ["dials", "fast"]}
    stored = await (await client.get("/api/jobs/7/frame/3?lane=fast")).json()
    assert stored["lane"] == "fast"
    assert (await client.get("/api/jobs/7/frame/3?lane=slow")).status == 400


async def test_the_page_is_served(client: TestClient) -> None:
    answer = await client.get("/compare")
    assert answer.status == 200
    assert "Compare" in await answer.text()
