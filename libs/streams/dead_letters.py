"""Bad messages: counted, logged once with their identity, kept with their bytes."""

import time

import structlog
from prometheus_client import Counter

from libs.messages.bookkeeping import MessageRejected
from libs.streams.records import Record, Sink

LOG = structlog.get_logger(__name__)
BAD_MESSAGES_TOTAL = Counter(
    "stillstream_bad_messages_total",
    "Messages that could not be used and went into the dead-letter topic",
    ["service", "topic"],
)


class DeadLetters:
    """Where one service puts what it cannot read."""

    def __init__(self, service: str, sink: Sink) -> None:
        self._service, self._sink = service, sink

    async def reject(self, record: Record, error: Exception) -> None:
        """Keep the record's bytes, where they came from, and why."""
        BAD_MESSAGES_TOTAL.labels(self._service, record.topic).inc()
        LOG.error(
            "message_rejected",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=str(error),
        )
        await self._sink.publish([self._letter(record, error)])

    def _letter(self, record: Record, error: Exception) -> MessageRejected:
        return MessageRejected(
            service=self._service,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=str(error)[:2000],
            key=record.key,
            value=record.value,
            rejected_us=time.time_ns() // 1000,
        )
