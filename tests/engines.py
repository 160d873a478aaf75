"""Engines on a database of the test's own."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.catalogue import open_engine
from tests.database_server import DatabaseServer


@pytest.fixture
async def editor(database: DatabaseServer) -> AsyncIterator[AsyncEngine]:
    """What people and the dispatcher use."""
    engine = open_engine(database.url("editor"))
    yield engine
    await engine.dispose()


@pytest.fixture
async def writer(database: DatabaseServer) -> AsyncIterator[AsyncEngine]:
    """What the sink uses."""
    engine = open_engine(database.url("writer"))
    yield engine
    await engine.dispose()
