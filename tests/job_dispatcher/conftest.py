"""A database of the test's own, by the editor's account."""

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
