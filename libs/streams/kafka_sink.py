"""Messages to Kafka, durable before `publish` returns.

aiokafka's sender dies for good on some broker errors, so the producer is rebuilt and what was not
acknowledged is sent again: at least once, which every reader of ours expects.
"""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import aiokafka
import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from libs.messages.base import BadMessageError, Message
from libs.messages.codec import SCHEMA_HEADER, encode, schema_name
from libs.messages.topics import BY_MESSAGE, Topic
from libs.streams.errors import BrokerUnreachableError, MessageTooLargeError
from libs.streams.patience import start_when_reachable, stop_quietly
from libs.streams.records import Record, decode_record

LOG = structlog.get_logger(__name__)
PATIENCE_S = 600.0
MAX_REQUEST_BYTES = 2 * 1024 * 1024
Payload = tuple[str, bytes, bytes | None, list[tuple[str, bytes]]]


class KafkaSink:
    """An idempotent producer (acks=all, lz4) that outlives its broker's restarts."""

    def __init__(self, bootstrap: str, *, patience_s: float = PATIENCE_S) -> None:
        self._bootstrap, self._patience_s = bootstrap, patience_s
        self._client: Any = None
        self._rebuilding = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await stop_quietly(_stop, self._client)

    async def publish(self, messages: Iterable[Message], *, topic: Topic | None = None) -> None:
        """Return when every message is durable; raises MessageTooLargeError."""
        await self._publish([_payload(m, topic or BY_MESSAGE[type(m)]) for m in messages])

    async def tombstone(self, topic: Topic, key: str) -> None:
        """Delete a key of a compacted topic."""
        await self._publish([(topic.name, key.encode(), None, [])])

    async def publish_records(self, records: Iterable[Record]) -> None:
        """Publish recorded bytes as they are, under their keys, to topics of the same name."""
        await self._publish([_recorded(record) for record in records])

    async def _publish(self, waiting: list[Payload]) -> None:
        deadline = asyncio.get_running_loop().time() + self._patience_s
        while waiting:
            client = self._client
            waiting, error = await _send(client, waiting)
            if not waiting:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise BrokerUnreachableError(
                    f"{len(waiting)} messages could not be published to {self._bootstrap} "
                    f"within {self._patience_s:.0f} s: {error}"
                ) from error
            LOG.warning("publish_retried", waiting=len(waiting), error=str(error))
            await self._rebuild(client)

    async def _rebuild(self, broken: Any) -> None:
        async with self._rebuilding:
            if self._client is broken:
                await stop_quietly(_stop, broken)
                await self._start()

    async def _start(self) -> None:
        self._client = await start_when_reachable(
            self._make, _stop, self._bootstrap, self._patience_s
        )

    def _make(self) -> Any:
        return aiokafka.AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            linger_ms=3,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=20_000,
        )


async def _send(client: Any, payloads: list[Payload]) -> tuple[list[Payload], Exception | None]:
    """Send all; give back those that were not acknowledged, in order, and one reason."""
    futures: list[Any] = []
    for topic, key, value, headers in payloads:
        try:
            futures.append(await client.send(topic, value, key, headers=headers))
        except MessageSizeTooLargeError as error:
            raise MessageTooLargeError(
                f"a message of {len(value or b'')} bytes for {topic} exceeds the "
                f"{MAX_REQUEST_BYTES} bytes that a producer may send"
            ) from error
        except (KafkaError, OSError) as error:
            futures.append(error)
    results = await asyncio.gather(
        *(_acknowledged(future) for future in futures), return_exceptions=True
    )
    failed = [(p, r) for p, r in zip(payloads, results, strict=True) if isinstance(r, Exception)]
    for payload, reason in failed:
        if isinstance(reason, MessageSizeTooLargeError):
            raise MessageTooLargeError(
                f"a message of {len(payload[2] or b'')} bytes is too large for {payload[0]}"
            ) from reason
    return [payload for payload, _ in failed], failed[0][1] if failed else None


async def _acknowledged(future: Any) -> None:
    if isinstance(future, Exception):
        raise future
    await future


async def _stop(client: Any) -> None:
    if client is not None:
        await asyncio.wait_for(client.stop(), timeout=10.0)


def _recorded(record: Record) -> Payload:
    try:
        headers = [(SCHEMA_HEADER, schema_name(decode_record(record)).encode())]
    except BadMessageError:
        headers = []  # it stays what it was: a bad message
    return record.topic, record.key or b"", record.value, headers


def _payload(message: Message, topic: Topic) -> Payload:
    headers = [(SCHEMA_HEADER, schema_name(message).encode())]
    return topic.name, topic.key(message).encode(), encode(message), headers
