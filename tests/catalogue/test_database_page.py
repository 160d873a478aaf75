"""docs/database.md names every table and every column, and no others."""

import re
from pathlib import Path

from libs.catalogue import Base

PAGE = Path(__file__).resolve().parents[2] / "docs" / "database.md"


def test_the_page_describes_exactly_the_columns_there_are() -> None:
    described: dict[str, set[str]] = {}
    for section in re.split(r"^### ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| (`.*?) \|", section, flags=re.MULTILINE)
        described[section.split("\n")[0]] = {c for row in rows for c in re.findall(r"`(\w+)`", row)}
    assert described == {
        name: {column.name for column in table.columns}
        for name, table in Base.metadata.tables.items()
    }
