"""A small server with the API that the page speaks to, from arrays made in the test.

It runs in a thread of the test process and holds what the test put in; it computes no rates.
"""

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web

from libs.local_stack.ports import any_free_port
from tests.live_view.page.frames import COLUMNS, Frames, at_cutoff

PAGE_FOLDER = Path(__file__).parents[3] / "services" / "live_view" / "static"
HEADER = (0x53544C53, 1)
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class FakeApi:
    """The API on 127.0.0.1 and a free port, to which it may come back after a stop; jobs and frames
    change between requests."""

    def __init__(self, assets_folder: Path) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.rates: list[dict[str, Any]] = []
        self.frame_answers: dict[tuple[int, int], dict[str, Any]] = {}
        self.requests: list[str] = []
        self.has_events = True
        self.has_catalogue = True
        self._may_listen = asyncio.Event()
        self._may_listen.set()
        self._versions: dict[int, list[tuple[int, Frames]]] = {}
        self._listeners: set[asyncio.Queue[bytes | None]] = set()
        self._assets_folder = assets_folder
        self._port = any_free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        """Serve; also again after `stop`, on the same port."""
        if not self._thread.is_alive():
            self._thread.start()
        self._wait(self._start())

    def stop(self) -> None:
        """Refuse connections and cut those that are open."""
        self._wait(self._stop())

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=120)
        self._loop.close()

    def add_job(self, frames: Frames, **changes: Any) -> int:
        """A further job; returns its id."""
        job_id = len(self.jobs) + 1
        number = f"{10 + job_id:04d}"
        job = {
            "id": job_id,
            "job": f"mx2471/sim/{number}/v1/t004/g001",
            "run": f"mx2471/sim/{number}/v1",
            "number": number,
            "tags": ["batch 5"],
            "trial": 4,
            "d_min": 1.6,
            "state": "active",
            "open": True,
            "started_us": 1_700_000_000_000_000,
            "n_announced": frames.n,
            "cutoffs": {
                "hit": 40,
                "solvent": 1.0,
                "d_min_quality": 2.5,
                "lattices": 2,
                "i_sigi": 1.0,
            },
        }
        self.jobs.append({**job, **changes})
        self._versions[job_id] = [(1, frames)] if frames.n else []
        return job_id

    def add_frames(self, job_id: int, frames: Frames, *, tell: bool = True) -> None:
        """Results that arrive later: new frames, or new results of known ones."""
        revision = len(self._versions[job_id]) + 1
        self._versions[job_id].append((revision, frames))
        if tell:
            self.tell("frames", {"id": job_id, "revision": revision})

    def tell(self, event: str, data: Any) -> None:
        """Send a server-sent event to every open page."""
        line = f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()
        self._call(lambda: [queue.put_nowait(line) for queue in self._listeners])

    def drop_events(self) -> None:
        """Answer no more events, and cut the open streams: the page has to poll."""
        self.has_events = False
        self._call(lambda: [queue.put_nowait(None) for queue in self._listeners])

    def hold_events(self) -> None:
        """Whoever asks for events has to wait."""
        self._call(self._may_listen.clear)

    def let_events_begin(self) -> None:
        """Those who wait get what is told from now on."""
        self._call(self._may_listen.set)

    def _wait(self, coroutine: Any) -> None:
        future: Future[None] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        future.result(timeout=120)

    def _call(self, act: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(act)

    async def _start(self) -> None:
        app = web.Application(middlewares=[self._record])
        app.router.add_get("/", self._page)
        app.router.add_static("/static", PAGE_FOLDER)
        app.router.add_static("/vendor", self._assets_folder)
        app.router.add_get("/api/jobs", self._get_jobs)
        app.router.add_get("/api/jobs/{id}/frames", self._get_frames)
        app.router.add_get("/api/jobs/{id}/frame/{frame}", self._get_frame)
        app.router.add_get("/api/rates", self._get_rates)
        app.router.add_get("/api/events", self._get_events)
        app.router.add_get("/api/health", self._get_health)
        app.on_response_prepare.append(_add_policy)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()

    async def _stop(self) -> None:
        for queue in self._listeners:
            queue.put_nowait(None)
        await self._runner.cleanup()

    @web.middleware
    async def _record(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(request.path_qs)
        return await handler(request)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE_FOLDER / "index.html")

    async def _get_health(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True})

    async def _get_jobs(self, request: web.Request) -> web.StreamResponse:
        if not self.has_catalogue:
            raise web.HTTPServiceUnavailable
        experiment = "mx2471" if self.jobs else None
        return web.json_response({"experiment": experiment, "jobs": self.jobs})

    async def _get_rates(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.rates)

    async def _get_frame(self, request: web.Request) -> web.StreamResponse:
        key = (int(request.match_info["id"]), int(request.match_info["frame"]))
        if key not in self.frame_answers:
            raise web.HTTPNotFound
        return web.json_response(self.frame_answers[key])

    async def _get_frames(self, request: web.Request) -> web.StreamResponse:
        versions = self._versions[int(request.match_info["id"])]
        since = int(request.query["since"])
        i_sigi = float(request.query["i_sigi"])
        newer = [at_cutoff(frames, i_sigi) for revision, frames in versions if revision > since]
        body = encode(newer, revision=len(versions), full=since == 0)
        return web.Response(body=body, content_type="application/octet-stream")

    async def _get_events(self, request: web.Request) -> web.StreamResponse:
        if not self.has_events:
            raise web.HTTPServiceUnavailable
        await self._may_listen.wait()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": welcome\n\n")
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while (line := await queue.get()) is not None:
                await response.write(line)
        finally:
            self._listeners.discard(queue)
        return response


async def _add_policy(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = POLICY


def encode(batches: list[Frames], *, revision: int, full: bool) -> bytes:
    """The binary columns of the API; rows in the order of the batches."""
    n = sum(batch.n for batch in batches)
    body = bytearray(np.array([*HEADER, n, revision, int(full), n, 0, 0], "<u4").tobytes())
    for name, dtype in COLUMNS.items():
        body.extend(b"\0" * (-len(body) % 8))
        for batch in batches:
            body.extend(np.asarray(getattr(batch, name), dtype).tobytes())
    return bytes(body)
