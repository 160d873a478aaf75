"""Kafka as two small protocols: a source of records and a sink of messages."""

from libs.streams.dead_letters import BAD_MESSAGES_TOTAL, DeadLetters
from libs.streams.errors import (
    BrokerUnreachableError,
    FencedError,
    MessageTooLargeError,
    RecordingError,
    StreamError,
)
from libs.streams.fenced_sink import FencedSink
from libs.streams.kafka_sink import KafkaSink
from libs.streams.kafka_source import KafkaSource
from libs.streams.recording import RecordingWriter, is_recording, read_recording
from libs.streams.records import (
    Record,
    Sink,
    Source,
    TopicPartition,
    decode_record,
    next_positions,
)
from libs.streams.whole import read_to_end, read_whole

__all__ = [
    "BAD_MESSAGES_TOTAL",
    "BrokerUnreachableError",
    "DeadLetters",
    "FencedError",
    "FencedSink",
    "KafkaSink",
    "KafkaSource",
    "MessageTooLargeError",
    "Record",
    "RecordingError",
    "RecordingWriter",
    "Sink",
    "Source",
    "StreamError",
    "TopicPartition",
    "decode_record",
    "is_recording",
    "next_positions",
    "read_recording",
    "read_to_end",
    "read_whole",
]
