"""The HTTP side: what the API answers, how it refuses, and its headers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from libs.messages import AdviceCleared, AdviceRaised
from libs.streams.fakes import record_of
from services.live_view.pages import ASSETS, Pages
from tests.crystallography.rates.builders import JOB, RUN, START_US, batch, result
from tests.live_view.builders import Answer, Clock, MemoryCatalogue, live_view, shown_job
from tests.stats_aggregator.builders import rates_of


class Site:
    """A LiveView behind a test client."""

    def __init__(self, client: TestClient, catalogue: MemoryCatalogue, pages: Pages) -> None:
        self.client, self.catalogue, self.view = client, catalogue, pages.view


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    catalogue = MemoryCatalogue(shown_job())
    catalogue.put(batch([result(1), result(2)]))
    pages = Pages(live_view(catalogue, Clock()), tmp_path)
    (tmp_path / ASSETS[0]).write_text("uPlot")
    async with TestClient(TestServer(pages.application())) as client:
        yield Site(client, catalogue, pages)


async def test_jobs(site: Site) -> None:
    await site.view.look_at_database()
    answer = await site.client.get("/api/jobs")
    assert await answer.json() == {
        "experiment": "common",
        "jobs": [
            {
                "id": 7, "job": JOB, "run": RUN, "number": "13", "tags": ["batch 5"], "trial": 1,
                "d_min": 2.0, "state": "active", "open": True, "started_us": START_US,
                "n_announced": 10,
                "cutoffs": {
                    "hit": 40, "solvent": 1.0, "d_min_quality": 2.5, "lattices": 2, "i_sigi": 1.0,
                },
            }
        ],
    }  # fmt: skip


async def test_before_the_database_answered_there_is_no_list_rather_than_an_empty_one(
    site: Site,
) -> None:
    answer = await site.client.get("/api/jobs")
    assert answer.status == 503
    assert "database" in (await answer.json())["error"]
    health = await (await site.client.get("/api/health")).json()
    assert (health["ok"], health["database"]) == (False, False)


async def test_frames(site: Site) -> None:
    await site.view.look_at_database()
    answer = await site.client.get("/api/jobs/7/frames?since=0")
    assert answer.content_type == "application/octet-stream"
    assert Answer(await answer.read()).frames == [1.0, 2.0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/jobs/8/frames", 404),
        ("/api/jobs/x/frames", 404),
        ("/api/jobs/7/frames?since=-1", 400),
        ("/api/jobs/7/frames?since=99999999999", 400),
        ("/api/jobs/7/frames?since=%C2%B2", 400),
        ("/api/jobs/7/frames?i_sigi=-1", 400),
        ("/api/jobs/7/frames?i_sigi=nan", 400),
        ("/api/jobs/7/frames?i_sigi=1e300", 400),
        ("/api/jobs/7/frames?i_sigi=2.5", 200),
        ("/api/jobs/7/frame/999999999999999999", 404),
        ("/api/jobs/7/frame/4", 404),
        ("/api/nothing", 404),
        ("/vendor/secret.txt", 404),
        ("/vendor/uPlot.min.css", 404),
        ("/static/../config.py", 404),
        ("/static/%2e%2e/config.py", 404),
    ],
)
async def test_what_is_not_there_or_no_number_is_refused(
    site: Site, path: str, status: int
) -> None:
    await site.view.look_at_database()
    assert (await site.client.get(path)).status == status


async def test_one_frame_with_its_lattices(site: Site) -> None:
    await site.view.look_at_database()
    frame = await (await site.client.get("/api/jobs/7/frame/3")).json()
    assert (frame["frame"], frame["file"], frame["outcome"]) == (3, "/data/a.h5", "processed")
    assert frame["lattices"][0]["unit_cell"][0] == 78.0
    assert frame["stages_us"]["done"] is None
    assert frame["versions"] == {"dials": "3.12.1"}


async def test_rates_carry_the_advice_in_force(site: Site) -> None:
    await site.view.look_at_database()
    advice = AdviceRaised(
        job=JOB, cause="no_jet", since_us=START_US, level="act", evidence=("0 of 300 solvent",),
        suggestion="move the jet", raised_us=START_US,
    )  # fmt: skip
    site.view.take_facts([record_of(rates_of(batch([result(1)]))), record_of(advice)])
    (rates,) = await (await site.client.get("/api/rates")).json()
    assert rates["job"] == JOB
    assert rates["summary"]["n_processed"] == 1
    assert rates["summary"]["rates"]["high_quality"]["value"] is None
    assert rates["advice"]["cause"] == "no_jet"
    assert rates["ended_with"] is None


@pytest.mark.parametrize(("because", "left"), [("run_ended", "no_jet"), ("cured", None)])
async def test_what_a_run_ended_with_is_in_force_no_longer_and_still_known(
    site: Site, because: str, left: str | None
) -> None:
    await site.view.look_at_database()
    raised = AdviceRaised(
        job=JOB, cause="no_jet", since_us=START_US, level="act", evidence=(), suggestion="",
        raised_us=START_US,
    )  # fmt: skip
    cleared = AdviceCleared(
        job=JOB, cause="no_jet", since_us=START_US, cleared_us=START_US, because=because
    )
    facts = [rates_of(batch([result(1)])), raised, cleared]
    site.view.take_facts([record_of(fact) for fact in facts])
    (rates,) = await (await site.client.get("/api/rates")).json()
    assert rates["advice"] is None
    assert (rates["ended_with"] or {}).get("cause") == left


async def test_what_was_withdrawn_is_not_what_the_run_ended_with(site: Site) -> None:
    await site.view.look_at_database()
    raised = AdviceRaised(
        job=JOB, cause="data_missing", since_us=START_US, level="act", evidence=(), suggestion="",
        raised_us=START_US,
    )  # fmt: skip
    cleared = [
        AdviceCleared(
            job=JOB, cause="data_missing", since_us=START_US, cleared_us=START_US, because=because
        )
        for because in ("run_ended", "withdrawn")
    ]
    site.view.take_facts([record_of(f) for f in (rates_of(batch([result(1)])), raised, cleared[0])])
    (rates,) = await (await site.client.get("/api/rates")).json()
    assert rates["ended_with"]["cause"] == "data_missing"
    site.view.take_facts([record_of(cleared[1])])
    (rates,) = await (await site.client.get("/api/rates")).json()
    assert rates["ended_with"] is None


async def test_events_are_streamed(site: Site) -> None:
    answer = await site.client.get("/api/events")
    assert answer.content_type == "text/event-stream"
    assert await answer.content.readuntil(b"\n\n") == b"retry: 1000\n\n"
    await site.view.look_at_database()
    assert await answer.content.readuntil(b"\n\n") == b"event: jobs\ndata: {}\n\n"
    answer.close()


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
async def test_nothing_can_be_changed(site: Site, method: str) -> None:
    answer = await getattr(site.client, method)("/api/jobs")
    assert answer.status == 405


@pytest.mark.parametrize("path", ["/", "/api/health", "/vendor/uPlot.iife.min.js", "/api/jobs/9/x"])
async def test_headers_keep_strangers_out(site: Site, path: str) -> None:
    headers = (await site.client.get(path)).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == ("no-store" if path.startswith("/api/") else "no-cache")
