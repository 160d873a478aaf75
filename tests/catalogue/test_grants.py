"""Who may do what: each act that an account has no use for is refused by the real server."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from libs.catalogue import Base, open_engine
from libs.catalogue.engine import error_number
from schemas.database.grants import EDITOR, RIGHTS, WRITER, statements
from tests.database_server import DatabaseServer

TABLES = sorted(Base.metadata.tables)
ACTS = ("INSERT", "UPDATE", "DELETE")
DENIED = {1142, 1143, 1044}


def test_every_table_that_somebody_fills_is_named_and_no_other() -> None:
    assert set(WRITER) | set(EDITOR) == set(TABLES)


def test_the_sink_changes_nothing_of_trials_groups_and_jobs() -> None:
    assert not set(WRITER) & {"trial", "run_group", "trial_run_group", "job"}


def test_of_results_people_can_only_delete() -> None:
    assert {rights for table, rights in EDITOR.items() if table in WRITER} == {
        "DELETE", "INSERT, UPDATE, DELETE",
    }  # fmt: skip
    assert EDITOR["frame"] == EDITOR["rates"] == "DELETE"


def test_accounts_are_those_of_the_owners_host() -> None:
    assert statements("owner@%", {"frame"}) == [
        "GRANT INSERT, UPDATE ON `frame` TO 'writer'@'%'",
        "GRANT DELETE ON `frame` TO 'editor'@'%'",
    ]


@pytest.mark.system
@pytest.mark.parametrize("account", ["writer", "editor", "reader"])
async def test_what_is_not_granted_is_refused(database: DatabaseServer, account: str) -> None:
    engine = open_engine(database.url(account))
    try:
        allowed = {
            (table, act)
            for table in TABLES
            for act in ACTS
            if not await _is_refused(engine, statement(table, act))
        }
        others = ["CREATE TABLE mine (a INT)", "DROP TABLE rates", "ALTER TABLE rates ADD a INT"]
        others.append("GRANT DELETE ON frame TO CURRENT_USER()")
        assert [other for other in others if not await _is_refused(engine, other)] == []
        assert not await _is_refused(engine, "SELECT COUNT(*) FROM frame")
    finally:
        await engine.dispose()
    given = RIGHTS.get(account, {})
    assert allowed == {(t, act) for t, rights in given.items() for act in rights.split(", ")}


def statement(table: str, act: str) -> str:
    """An act that changes nothing."""
    column = next(iter(Base.metadata.tables[table].columns)).name
    acts = {
        "INSERT": "INSERT INTO `{0}` SELECT * FROM `{0}` WHERE FALSE",
        "UPDATE": "UPDATE `{0}` SET `{1}` = `{1}` WHERE FALSE",
        "DELETE": "DELETE FROM `{0}` WHERE FALSE",
    }
    return acts[act].format(table, column)


async def _is_refused(engine: object, text: str) -> bool:
    try:
        async with engine.begin() as connection:  # type: ignore[attr-defined]
            await connection.execute(sa.text(text))
    except DBAPIError as error:
        if error_number(error) not in DENIED:
            raise
        return True
    return False
