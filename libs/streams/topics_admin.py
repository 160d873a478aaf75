"""Makes the topics of the table that do not exist yet: `python -m libs.streams.topics_admin`."""

import asyncio
import logging
import os
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from libs.messages.topics import TOPICS, Topic
from libs.streams.errors import StreamError
from libs.streams.patience import start_when_reachable

PATIENCE_S = 90.0
SEGMENT_MS = 3_600_000
COMPACTED_SEGMENT_MS = 300_000
"""Compacted topics are read whole at start: only closed segments are ever compacted."""


async def ensure_topics(bootstrap: str, *, replication: int = 1) -> None:
    """Make every missing topic; topics that exist are left as they are."""
    client = await start_when_reachable(
        lambda: AIOKafkaAdminClient(bootstrap_servers=bootstrap), _close, bootstrap, PATIENCE_S
    )
    try:
        present = set(await client.list_topics())
        missing = [_new(topic, replication) for topic in TOPICS if topic.name not in present]
        if missing:
            _check(await client.create_topics(missing))
    finally:
        await _close(client)


def _new(topic: Topic, replication: int) -> NewTopic:
    policy = "compact" if topic.compacted else "delete"
    config = {
        "cleanup.policy": policy,
        "max.message.bytes": str(topic.max_message_bytes),
        "segment.ms": str(COMPACTED_SEGMENT_MS if topic.compacted else SEGMENT_MS),
    }
    if topic.compacted:
        config["min.cleanable.dirty.ratio"] = "0.1"
    else:
        config["retention.ms"] = str(topic.retention_ms)
    if replication > 1:
        config["min.insync.replicas"] = str(replication - 1)
    return NewTopic(topic.name, topic.partitions, replication, topic_configs=config)


def _check(response: Any) -> None:
    for name, code, *rest in response.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise StreamError(f"topic {name} could not be made: {for_code(code).__name__} {rest}")


async def _close(client: Any) -> None:
    await client.close()


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    asyncio.run(ensure_topics(os.environ.get("STILLSTREAM_KAFKA__BOOTSTRAP", "127.0.0.1:9092")))
