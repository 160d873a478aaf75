"""Messages that become durable all or none, from the newest owner of a name alone.

A transactional producer: opening it ends what an earlier owner of the name has begun, and whatever
that one sends from then on is refused by the broker, even when it was only paused and knows nothing
of its successor. Errors are not retried here beyond what the client does by itself: an owner that
cannot be sure has to begin again from what is durable.
"""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import aiokafka
from aiokafka.errors import KafkaError

from libs.messages.base import Message
from libs.messages.codec import SCHEMA_HEADER, encode, schema_name
from libs.messages.topics import Topic
from libs.streams.errors import FencedError
from libs.streams.kafka_sink import MAX_REQUEST_BYTES
from libs.streams.patience import start_when_reachable, stop_quietly

START_PATIENCE_S = 90.0
TRANSACTION_MS = 20_000
"""After so long without news the broker ends a transaction of an owner that died within it."""


class FencedSink:
    """The owner of `name`, from entering until another one enters under the same name."""

    def __init__(self, bootstrap: str, name: str, topic: Topic) -> None:
        self._bootstrap, self._name, self._topic = bootstrap, name, topic
        self._client: Any = None

    async def __aenter__(self) -> Self:
        self._client = await start_when_reachable(
            self._make, _stop, self._bootstrap, START_PATIENCE_S
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await stop_quietly(_stop, self._client)

    async def publish_together(
        self, messages: Iterable[Message], *, tombstones: Iterable[str] = ()
    ) -> dict[str, int]:
        """Return when all are durable, in this order; gives the offset of each message's key.

        Raises FencedError when another owner has entered, or the broker gave this one up.
        """
        key = self._topic.key
        headers = [(m, [(SCHEMA_HEADER, schema_name(m).encode())]) for m in messages]
        payloads = [(key(m), encode(m), with_schema) for m, with_schema in headers]
        try:
            async with self._client.transaction():
                sent = [await self._send(*payload) for payload in payloads]
                deleted = [await self._send(name, None, []) for name in tombstones]
                await asyncio.gather(*sent, *deleted)
        except (KafkaError, OSError, AssertionError) as error:  # the last: refused once already
            raise FencedError(
                f"{self._name} may no longer write to {self._topic.name}: {error!r}; "
                "another process has taken over, or the broker was away for too long"
            ) from error
        return {name: (await at).offset for (name, *_), at in zip(payloads, sent, strict=True)}

    async def _send(self, key: str, value: bytes | None, headers: list[tuple[str, bytes]]) -> Any:
        return await self._client.send(self._topic.name, value, key.encode(), headers=headers)

    def _make(self) -> Any:
        return aiokafka.AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            transactional_id=self._name,
            transaction_timeout_ms=TRANSACTION_MS,
            acks="all",
            compression_type="lz4",
            linger_ms=3,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=TRANSACTION_MS,
        )


async def _stop(client: Any) -> None:
    if client is not None:
        await asyncio.wait_for(client.stop(), timeout=10.0)
