"""Server-sent events to any number of readers; a slow reader gets the newest of each kind only."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.live_view.wire import to_json

Key = tuple[str, str]


class Subscriber:
    """What one reader has not been sent yet: at most one event for each key."""

    def __init__(self) -> None:
        self._pending: dict[Key, bytes] = {}
        self._has_news = asyncio.Event()

    def put(self, key: Key, line: bytes) -> None:
        """Queue an event in place of an older one of its key."""
        self._pending[key] = line
        self._has_news.set()

    async def next(self, timeout_s: float) -> bytes | None:
        """Everything pending, None when nothing came in time."""
        try:
            await asyncio.wait_for(self._has_news.wait(), timeout_s)
        except TimeoutError:
            return None
        lines, self._pending = b"".join(self._pending.values()), {}
        self._has_news.clear()
        return lines


class Broadcaster:
    """All readers of the moment."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()

    def __len__(self) -> int:
        return len(self._subscribers)

    def send(self, event: str, key: str, data: Any) -> None:
        """An event for everyone."""
        if not self._subscribers:
            return
        line = b"event: " + event.encode() + b"\ndata: " + to_json(data) + b"\n\n"
        for subscriber in self._subscribers:
            subscriber.put((event, key), line)

    @contextmanager
    def subscription(self) -> Iterator[Subscriber]:
        """One reader, as long as the context lasts."""
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)
