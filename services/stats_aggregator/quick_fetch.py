"""Faust's Kafka consumer with short waits at the broker.

One request at a time goes to a broker. While frames of one partition are counted, Faust asks for
the others; where those are empty, it lets the broker hold that request for 1.5 s, and the busy
partition waits with it. Faust has no setting for this wait, so its consumer is given another one.
"""

from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver

FETCH_MAX_WAIT_MS = 50


class QuickFetchApp(faust.App):  # type: ignore[misc]
    """An app whose consumer never waits longer than that for partitions without news."""

    def _new_transport(self) -> driver.Transport:
        return _Transport(self.conf.broker_consumer, self)


class _Thread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS  # noqa: SLF001 - read when it starts
        return consumer


class _Consumer(driver.Consumer):  # type: ignore[misc]
    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)


class _Transport(driver.Transport):  # type: ignore[misc]
    Consumer = _Consumer
