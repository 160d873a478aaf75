"""A whole private stack without our services: what only the real processes can show."""

import os
import subprocess

import asyncmy
import asyncmy.errors
import pytest

from libs.local_stack import INFRASTRUCTURE, LocalStack, LocalStackError, NotReadyError
from libs.local_stack.waiting import wait_until
from tests.conftest import StackFactory
from tests.database_server import DatabaseServer

pytestmark = pytest.mark.system
DEADLINE_S = 240.0


@pytest.fixture(scope="module")
def bare(stack: StackFactory) -> LocalStack:
    return stack(services=[])


def test_all_of_it_runs_on_loopback(bare: LocalStack) -> None:
    states = bare.states()
    assert set(states) <= set(INFRASTRUCTURE)
    assert set(states) >= {"kafka", "mariadb", "prometheus"}
    assert {s.state for s in states.values()} == {"running"}
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    for name in states:
        lines = [line for line in listening.splitlines() if f"pid={bare.pid(name)}," in line]
        assert lines
        assert all(" 127.0.0.1:" in line or "[::ffff:127.0.0.1]:" in line for line in lines), lines


@pytest.mark.parametrize("name", ["kafka", "mariadb", "prometheus"])
def test_what_was_killed_comes_back(bare: LocalStack, name: str) -> None:
    old = bare.kill(name)
    assert wait_until(lambda: bare.states()[name].pid not in (0, old), DEADLINE_S)
    bare.wait_ready()


def test_a_second_up_changes_nothing(bare: LocalStack) -> None:
    before = {name: state.pid for name, state in bare.states().items()}
    bare.up()
    assert {name: state.pid for name, state in bare.states().items()} == before


def test_a_process_that_was_stopped_stays_so_until_started(bare: LocalStack) -> None:
    bare.stop("prometheus")
    assert bare.states()["prometheus"].state == "stopped"
    with pytest.raises(LocalStackError, match="prometheus has no process now"):
        bare.pid("prometheus")
    bare.start("prometheus")
    bare.wait_ready()


def test_an_unknown_process_is_named(bare: LocalStack) -> None:
    with pytest.raises(LocalStackError, match="no process 'zookeeper'"):
        bare.pid("zookeeper")


def test_down_ends_every_process_and_up_finds_the_data_again(stack: StackFactory) -> None:
    made = stack(services=[], infrastructure=["mariadb"])
    pid = made.pid("mariadb")
    made.down()
    assert not made.running
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    made.down()  # nothing to do is fine
    made.up()
    made.down()


def test_a_process_that_cannot_start_is_named_with_its_log(stack: StackFactory) -> None:
    made = stack(services=[], infrastructure=["mariadb"])
    made.down()
    (made.paths.mariadb / "data/ibdata1").unlink()
    with pytest.raises(NotReadyError, match=r"mariadb(.|\n)*mariadb.log"):
        made.up(timeout_s=5)
    made.down()


async def test_accounts_can_do_what_they_need_and_no_more(mariadb: DatabaseServer) -> None:
    assert await refused(mariadb, "reader", "DELETE FROM run")
    assert await refused(mariadb, "writer", "CREATE TABLE mine (a INT)")
    assert await refused(mariadb, "editor", "DROP TABLE run")
    assert await refused(mariadb, "owner", "SELECT * FROM mysql.global_priv")
    assert not await refused(mariadb, "reader", "SELECT COUNT(*) FROM run")
    assert not await refused(mariadb, "editor", "DELETE FROM run WHERE 1 = 0")


async def test_nobody_gets_in_without_a_password(mariadb: DatabaseServer) -> None:
    for user in ("root", "owner", ""):
        with pytest.raises(asyncmy.errors.MySQLError):
            await asyncmy.connect(host=mariadb.host, port=mariadb.port, user=user, password="")
    with pytest.raises(asyncmy.errors.MySQLError):
        await asyncmy.connect(unix_socket=str(mariadb.socket), user="root", password="")


async def refused(server: DatabaseServer, account: str, statement: str) -> bool:
    connection = await asyncmy.connect(
        host=server.host,
        port=server.port,
        user=account,
        password=server.password(account),
        db=server.name,
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(statement)
    except asyncmy.errors.OperationalError as error:
        if "denied" not in str(error):
            raise
        return True
    else:
        return False
    finally:
        await connection.ensure_closed()
