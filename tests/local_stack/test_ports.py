import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.local_stack import LocalStackError, MetricsPorts, Ports
from libs.local_stack.ports import (
    OUTGOING,
    any_free_port,
    is_free,
    moved,
    read_ports,
    resolve_ports,
    write_ports,
)


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_free_ports_are_taken_as_wanted() -> None:
    assert resolve_ports(Ports(), free=lambda _: True) == Ports()


def test_a_port_with_a_listener_is_not_free(listener: int) -> None:
    assert not is_free(listener)


def test_a_taken_port_moves_to_one_that_nobody_else_wants() -> None:
    given = resolve_ports(Ports(), free=lambda port: port != 9092)
    assert given.kafka == 9094  # 9093 is the controller's
    assert given.kafka_controller == 9093
    assert moved(Ports(), given) == {"kafka": (9092, 9094)}


def test_metrics_ports_move_without_pushing_each_other() -> None:
    given = resolve_ports(Ports(), free=lambda port: port != 9401)
    assert given.metrics == MetricsPorts(run_discovery=9408)


def test_two_wishes_for_one_port_are_both_served() -> None:
    given = resolve_ports(Ports(live_view=9090), free=lambda _: True)
    assert given.prometheus == 9090
    assert given.live_view == 9091


def test_zero_takes_any_free_port_and_does_not_count_as_moved() -> None:
    wanted = Ports(kafka=0, mariadb=0)
    given = resolve_ports(wanted, free=lambda _: True)
    assert given.kafka != given.mariadb
    assert 0 not in (given.kafka, given.mariadb)
    assert moved(wanted, given) == {}


def test_a_free_port_is_none_that_an_outgoing_connection_could_get() -> None:
    lowest = int(OUTGOING.read_text().split()[0])
    assert all(any_free_port() < lowest for _ in range(20))


def test_no_free_port_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(LocalStackError, match="no free port for kafka"):
        resolve_ports(Ports(), free=lambda _: False)


def test_ports_survive_their_file(tmp_path: Path) -> None:
    write_ports(tmp_path / "ports.json", Ports(kafka=1234))
    assert read_ports(tmp_path / "ports.json") == Ports(kafka=1234)


def test_without_the_file_one_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="stillstream up"):
        read_ports(tmp_path / "ports.json")
