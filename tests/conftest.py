"""Fixtures that start real parts: a broker, a database, whole stacks.

Each pytest session has its own, in temporary folders and on free ports, so several sessions run
side by side. They end with the session, even with one that is killed.

Property tests try the same examples in every run, so that none fails by chance because of a change
that it does not concern; `make soak` searches with new ones.
"""

import ast
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from libs.local_stack import LocalStack, Memory, MetricsPorts, Ports, StackSettings
from libs.local_stack.settings import Processing
from tests.database_server import DatabaseServer
from tests.parsing import without_collection

ast.parse = without_collection(ast.parse)  # type: ignore[assignment]
ANY_MACHINE = settings(
    deadline=None, print_blob=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("same", ANY_MACHINE, derandomize=True)
settings.register_profile("search", ANY_MACHINE, derandomize=False, max_examples=1000)
settings.load_profile("same")

SMALL = Memory(kafka_heap_min_mb=64, kafka_heap_max_mb=256, mariadb_buffer_mb=32)
FREE_PORTS = Ports(
    **dict.fromkeys(Ports.model_fields.keys() - {"metrics"}, 0),
    metrics=MetricsPorts(**dict.fromkeys(MetricsPorts.model_fields, 0)),
)
READY_S = 400.0
"""A machine that is busy with other tests starts a stack slowly."""
StackFactory = Callable[..., LocalStack]


@pytest.fixture(scope="session")
def private_settings() -> StackSettings:
    """Free ports, small heaps, one worker."""
    return StackSettings(ports=FREE_PORTS, memory=SMALL, processing=Processing(workers=1))


@pytest.fixture(scope="session")
def stack(
    private_settings: StackSettings, request: pytest.FixtureRequest
) -> Iterator[StackFactory]:
    """Makes private stacks: `stack(services=[...])` gives a LocalStack that is up.

    Keywords are those of LocalStack; `sources="TOML"` writes the sources file first. A stack that
    is not brought down by the test goes at the end of the session. Folders of a session in which a
    test failed are kept.
    """
    all_made: list[LocalStack] = []

    def make(*, sources: str | None = None, **options: object) -> LocalStack:
        var = Path(tempfile.mkdtemp(prefix="stillstream-test-"))
        if sources is not None:
            (var / "sources.toml").write_text(sources, encoding="utf-8")
        made = LocalStack(
            var,
            **{"settings": private_settings, "bound": True} | options,  # type: ignore[arg-type]
        )
        all_made.append(made)
        made.up(READY_S)
        return made

    yield make
    with ThreadPoolExecutor(len(all_made) or 1) as pool:  # each takes seconds, mostly of waiting
        list(pool.map(lambda made: _end(made, request.session), all_made))


@pytest.fixture(scope="session")
def kafka(stack: StackFactory) -> str:
    """The address of a real broker with every topic of the table."""
    return stack(services=[], infrastructure=["kafka"]).env()["STILLSTREAM_KAFKA__BOOTSTRAP"]


@pytest.fixture(scope="session")
def mariadb(stack: StackFactory) -> DatabaseServer:
    """A real database with migrated tables and the four accounts."""
    made = stack(services=[], infrastructure=["mariadb"])
    return DatabaseServer(
        port=made.ports.mariadb,
        secrets=made.paths.secrets,
        socket=made.paths.sockets / "mariadb.sock",
    )


@pytest.fixture
def empty_database(mariadb: DatabaseServer) -> Iterator[DatabaseServer]:
    """A database of its own for one test, without tables, on the session's server."""
    own = mariadb.with_name(f"stillstream_{uuid.uuid4().hex[:12]}")
    own.create()
    yield own
    own.drop()


@pytest.fixture
def database(empty_database: DatabaseServer) -> DatabaseServer:
    """A database of its own for one test, with all tables."""
    empty_database.make_tables()
    return empty_database


def _end(made: LocalStack, session: pytest.Session) -> None:
    made.down(READY_S)
    if session.testsfailed:
        print(f"\nkept for inspection: {made.paths.var}")
    else:
        shutil.rmtree(made.paths.var, ignore_errors=True)
