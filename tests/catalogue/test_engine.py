import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from libs.catalogue.engine import is_away, is_contention


def failure(number: int) -> OperationalError:
    return OperationalError("SELECT 1", (), Exception(number, "said the server"))


@pytest.mark.parametrize("number", [1205, 1213])
def test_lock_timeouts_and_deadlocks_are_contention(number: int) -> None:
    assert is_contention(failure(number))
    assert not is_away(failure(number))


@pytest.mark.parametrize("number", [2003, 2006, 2013, 1053, 1040])
def test_a_lost_connection_is_an_outage(number: int) -> None:
    assert is_away(failure(number))


@pytest.mark.parametrize("number", [1045, 1146, 1142, 1406])
def test_other_errors_are_neither(number: int) -> None:
    assert not is_away(failure(number))
    assert not is_contention(failure(number))


def test_a_cancelled_task_is_no_outage() -> None:
    assert not is_away(asyncio.CancelledError())
