"""SQL text means what the values were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.database_sink import literals
from services.database_sink.bulk import AS_IT_IS

AWKWARD = ["'", "\\", "%", "%s", "\0", "\n", '"', "Å σ 🧊", "\x1a", "; DROP TABLE frame; --", ""]


def test_a_row() -> None:
    rows = [(1, "dials", None, 0.5, b"\x00\xff", True), (2, "fast", 1e-9, None, b"", False)]
    assert literals.row_literals(rows) == [
        "(1,'dials',NULL,0.5e0,x'00ff',1)",
        "(2,'fast',1e-09,NULL,x'',0)",
    ]


def test_a_type_that_no_column_takes_is_refused() -> None:
    with pytest.raises(KeyError):
        literals.row_literals([(object(),)])


@given(st.integers(1, 40), st.integers(1, 300))
def test_long_statements_are_cut_between_rows(n_rows: int, width: int) -> None:
    rows = [(i, "x" * width) for i in range(n_rows)]
    limit, literals.MOST_CHARACTERS = literals.MOST_CHARACTERS, 500
    try:
        made = list(literals.statements("INSERT INTO t VALUES (%s, %s) ON …", rows))
    finally:
        literals.MOST_CHARACTERS = limit
    assert sum(text.count("(") for text in made) == n_rows
    assert all(text.startswith("INSERT INTO t VALUES (") for text in made)
    assert all(text.endswith(") ON …") for text in made)


def test_no_rows_no_statement() -> None:
    assert list(literals.statements("INSERT INTO t VALUES (%s)", [])) == []


@pytest.mark.system
async def test_the_server_reads_back_what_was_written(editor: AsyncEngine) -> None:
    rows = [(i, text, text.encode(), 1 / (i + 3)) for i, text in enumerate(AWKWARD)]
    async with editor.connect() as connection:
        for row in rows:
            answer = await connection.exec_driver_sql(
                f"SELECT {literals.row_literals([row])[0][1:-1]}", execution_options=AS_IT_IS
            )
            assert tuple(answer.one()) == row
