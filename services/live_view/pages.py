"""The HTTP side: the page, its files, the API, the event stream. Only GET; nothing is stored."""

import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from libs.messages import Lane
from services.live_view.catalogue import CatalogueAwayError
from services.live_view.compare_pages import ComparePages
from services.live_view.comparing import lane_named
from services.live_view.core import ShownJob
from services.live_view.metrics import REQUESTS_TOTAL
from services.live_view.service import LiveView
from services.live_view.static_files import STATIC
from services.live_view.wire import frame_object, to_json

ASSETS = ("uPlot.iife.min.js", "uPlot.min.css")
HEARTBEAT_S = 10.0
LARGEST_FRAME = 2**53
CUTOFF = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """The handlers around one LiveView."""

    def __init__(self, view: LiveView, assets: Path) -> None:
        self.view, self._assets = view, assets

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[_errors_as_json])
        app.on_response_prepare.append(_add_headers)
        app.router.add_get("/", self.page)
        app.router.add_static("/static", STATIC)
        app.router.add_get("/vendor/{name}", self.asset)
        app.router.add_get("/api/jobs", self.jobs)
        app.router.add_get(r"/api/jobs/{id:\d{1,18}}/frames", self.frames)
        app.router.add_get(r"/api/jobs/{id:\d{1,18}}/frame/{frame:\d{1,18}}", self.frame)
        app.router.add_get("/api/rates", self.rates)
        app.router.add_get("/api/events", self.events)
        app.router.add_get("/api/health", self.health)
        ComparePages(self.view).add_to(app)
        return app

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page itself."""
        del request
        return web.FileResponse(STATIC / "index.html")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """The plotting library, from the assets folder."""
        name = request.match_info["name"]
        if name not in ASSETS:
            raise web.HTTPNotFound(text=f"{name} is none of {', '.join(ASSETS)}")
        path = self._assets / name
        if not path.is_file():
            raise web.HTTPNotFound(text=f"{name} is missing in {self._assets}: run the set-up")
        return web.FileResponse(path)

    async def jobs(self, request: web.Request) -> web.StreamResponse:
        """The list of jobs, oldest first."""
        del request
        if not self.view.showcase.is_listed:
            raise CatalogueAwayError("the list of jobs could not be read from the database yet")
        shown = self.view.showcase.jobs()
        experiment = shown[-1].experiment if shown else None
        return _json({"experiment": experiment, "jobs": [_job_object(job) for job in shown]})

    async def frames(self, request: web.Request) -> web.StreamResponse:
        """The columns of a job, or what changed in them."""
        since = request.query.get("since", "0")
        if not since.isascii() or not since.isdigit() or len(since) > 10:
            raise web.HTTPBadRequest(text=f"since must be a revision, not {since[:40]!r}")
        body = await self.view.frames(self._job(request), int(since), _i_sigi(request))
        return web.Response(body=body, content_type="application/octet-stream")

    async def frame(self, request: web.Request) -> web.StreamResponse:
        """Everything about one frame."""
        job, number = self._job(request), int(request.match_info["frame"])
        if number > LARGEST_FRAME:
            raise web.HTTPNotFound(text=f"no frame can have the number {number}")
        stored = await self.view.catalogue.frame(job, number, _lane(request, job))
        if stored is None:
            raise web.HTTPNotFound(text=f"frame {number} of job {job.job} is not stored (yet)")
        return _json(frame_object(stored))

    async def rates(self, request: web.Request) -> web.StreamResponse:
        """The newest rates of every job."""
        del request
        return _json([self.view.advised(rates) for rates in self.view.showcase.rates()])

    async def health(self, request: web.Request) -> web.StreamResponse:
        """What can be reached at present."""
        del request
        view = self.view
        parts = {"database": view.is_database_there, "broker": view.is_broker_there}
        return _json({"ok": all(parts.values()), **parts, "time_us": time.time_ns() // 1000})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events until the reader leaves."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        with self.view.events.subscription() as subscriber, suppress(ConnectionError):
            await response.write(b"retry: 1000\n\n")
            while True:
                lines = await subscriber.next(HEARTBEAT_S)
                await response.write(b": still here\n\n" if lines is None else lines)
        return response

    def _job(self, request: web.Request) -> ShownJob:
        number = int(request.match_info["id"])
        job = self.view.showcase.job(number)
        if job is None:
            raise web.HTTPNotFound(text=f"there is no job {number}")
        return job


def _i_sigi(request: web.Request) -> float | None:
    asked = request.query.get("i_sigi")
    if asked is None:
        return None
    if not CUTOFF.fullmatch(asked):
        raise web.HTTPBadRequest(text=f"i_sigi must be a cut-off, not {asked[:40]!r}")
    return float(asked)


def _lane(request: web.Request, job: ShownJob) -> Lane:
    asked = request.query.get("lane", job.lane.value)
    lane = lane_named(asked)
    if lane is None:
        raise web.HTTPBadRequest(text=f"there is no lane {asked[:40]!r}")
    return lane


def _job_object(job: ShownJob) -> dict[str, Any]:
    cutoffs = job.cutoffs
    return {
        "id": job.id,
        "job": job.job,
        "run": job.run,
        "number": job.number,
        "tags": job.tags,
        "trial": job.trial,
        "d_min": job.d_min_angstrom,
        "state": job.state.value,
        "open": job.open,
        "started_us": job.started_us,
        "n_announced": job.n_announced,
        "cutoffs": {
            "hit": cutoffs.hit,
            "solvent": cutoffs.solvent,
            "d_min_quality": cutoffs.d_min_quality_angstrom,
            "lattices": cutoffs.lattices,
            "i_sigi": cutoffs.i_sigi,
        },
    }


def _json(content: Any, status: int = 200) -> web.Response:
    return web.Response(body=to_json(content), status=status, content_type="application/json")


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except CatalogueAwayError as error:
        response = _json({"error": str(error)}, 503)
    except web.HTTPException as error:
        if error.status < 400 or not request.path.startswith("/api/"):
            raise
        response = _json({"error": error.text}, error.status)
    REQUESTS_TOTAL.labels(str(response.status)).inc()
    return response


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    is_answer = request.path.startswith("/api/")
    response.headers["Cache-Control"] = "no-store" if is_answer else "no-cache"
