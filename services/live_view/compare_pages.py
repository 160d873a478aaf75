"""The HTTP side of the comparison: which two results, their lanes, the answer, its page."""

from typing import Any

from aiohttp import web

from services.live_view.comparing import Side, answer, is_same_run, lane_named
from services.live_view.core import ShownJob
from services.live_view.service import LiveView
from services.live_view.static_files import STATIC
from services.live_view.wire import to_json

LONGEST_NAME = 300


class ComparePages:
    """The handlers."""

    def __init__(self, view: LiveView) -> None:
        self._view = view

    def add_to(self, app: web.Application) -> None:
        """The routes."""
        app.router.add_get("/compare", self.page)
        app.router.add_get("/api/compare", self.compare)
        app.router.add_get(r"/api/jobs/{id:\d{1,18}}/lanes", self.lanes)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page that shows it."""
        del request
        return web.FileResponse(STATIC / "compare.html")

    async def lanes(self, request: web.Request) -> web.StreamResponse:
        """The lanes in which a job has results, its own first."""
        job = self._job(request.match_info["id"])
        found = await self._view.catalogue.lanes(job)
        others = [lane.value for lane in found if lane is not job.lane]
        return _json({"id": job.id, "lanes": [job.lane.value, *others]})

    async def compare(self, request: web.Request) -> web.StreamResponse:
        """`?first=JOB[@LANE]&second=JOB[@LANE]`, JOB being a name or a number of the list."""
        first, second = (self._side(request, name) for name in ("first", "second"))
        if not is_same_run(first, second):
            raise web.HTTPBadRequest(text=f"{first.name} and {second.name} are of different runs")
        if first.name == second.name:
            raise web.HTTPBadRequest(text=f"{first.name} would be compared with itself")
        catalogue = self._view.catalogue
        rows = [await catalogue.compared(side.job, side.lane) for side in (first, second)]
        return _json(answer(first, second, (rows[0], rows[1])))

    def _side(self, request: web.Request, name: str) -> Side:
        asked = request.query.get(name, "")
        if not 0 < len(asked) <= LONGEST_NAME:
            raise web.HTTPBadRequest(text=f"{name} must be JOB or JOB@LANE")
        job_name, at, lane = asked.rpartition("@") if "@" in asked else (asked, "", "")
        job = self._job(job_name)
        chosen = lane_named(lane) if at else job.lane
        if chosen is None:
            raise web.HTTPBadRequest(text=f"there is no lane {lane[:40]!r}")
        return Side(job=job, lane=chosen)

    def _job(self, asked: str) -> ShownJob:
        showcase = self._view.showcase
        number = asked.isascii() and asked.isdigit() and len(asked) <= 18
        job = (
            showcase.job(int(asked))
            if number
            else next((job for job in showcase.jobs() if job.job == asked), None)
        )
        if job is None:
            raise web.HTTPNotFound(text=f"there is no job {asked[:LONGEST_NAME]}")
        return job


def _json(content: Any) -> web.Response:
    return web.Response(body=to_json(content), content_type="application/json")
