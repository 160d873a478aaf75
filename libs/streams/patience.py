"""Starting a Kafka client while the broker is still starting, and stopping it whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import structlog
from aiokafka.errors import KafkaConnectionError, KafkaError

from libs.streams.errors import BrokerUnreachableError

LOG = structlog.get_logger(__name__)
PAUSE_S = 0.5

C = TypeVar("C", bound="KafkaClient")
T = TypeVar("T")


class KafkaClient(Protocol):
    """What consumers, producers and admin clients of aiokafka have in common."""

    async def start(self) -> None:
        """Connect."""
        ...


async def start_when_reachable(
    make: Callable[[], C], stop: Callable[[C], Awaitable[Any]], bootstrap: str, patience_s: float
) -> C:
    """A started client; raises BrokerUnreachableError when the broker stays away."""
    deadline = asyncio.get_running_loop().time() + patience_s
    announced = False
    while True:
        client = make()
        try:
            await client.start()
        except (KafkaConnectionError, KafkaError, OSError) as error:
            await stop_quietly(stop, client)
            if asyncio.get_running_loop().time() > deadline:
                raise BrokerUnreachableError(
                    f"no Kafka broker answered at {bootstrap} within {patience_s:.0f} s: {error}"
                ) from error
            if not announced:
                LOG.warning("broker_unreachable", bootstrap=bootstrap, error=str(error))
                announced = True
            await asyncio.sleep(PAUSE_S)
        else:
            return client


async def stop_quietly(stop: Callable[[T], Awaitable[Any]], client: T) -> None:
    """Stop a client that may never have started."""
    with suppress(KafkaError, OSError, AssertionError):
        await stop(client)
