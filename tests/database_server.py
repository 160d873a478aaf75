"""One database on the test session's MariaDB server, by any of its accounts."""

import asyncio
import functools
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import asyncmy
from sqlalchemy import URL

from libs.local_stack import ROOT
from schemas.database.grants import RIGHTS, statements

HOST = "127.0.0.1"
OWNER = f"owner@{HOST}"


@dataclass(frozen=True, kw_only=True)
class DatabaseServer:
    """Where a database is; accounts are owner, writer, editor and reader."""

    port: int
    secrets: Path
    socket: Path
    host: str = HOST
    name: str = "stillstream"

    def password(self, account: str) -> str:
        """The password of an account."""
        return self.password_file(account).read_text(encoding="utf-8").strip()

    def password_file(self, account: str) -> Path:
        """The file that holds it."""
        return self.secrets / account

    def url(self, account: str = "writer") -> URL:
        """The address for SQLAlchemy."""
        return URL.create(
            "mysql+asyncmy",
            username=account,
            password=self.password(account),
            host=self.host,
            port=self.port,
            database=self.name,
            query={"charset": "utf8mb4"},
        )

    def env(self, account: str = "writer") -> dict[str, str]:
        """The variables that a service or a command reads."""
        return {
            "STILLSTREAM_DATABASE__HOST": self.host,
            "STILLSTREAM_DATABASE__PORT": str(self.port),
            "STILLSTREAM_DATABASE__NAME": self.name,
            "STILLSTREAM_DATABASE__USER": account,
            "STILLSTREAM_DATABASE__PASSWORD_FILE": str(self.password_file(account)),
        }

    def with_name(self, name: str) -> Self:
        """Another database on the same server; its name begins with `stillstream`."""
        return replace(self, name=name)

    def create(self) -> None:
        """Make the database."""
        collation = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        self._execute([f"CREATE DATABASE `{self.name}` {collation}"])

    def drop(self) -> None:
        """Remove it with all its tables."""
        self._execute([f"DROP DATABASE IF EXISTS `{self.name}`"])

    def clear(self, *tables: str) -> None:
        """Delete all rows of these tables, with the owner's account."""
        self._execute([f"DELETE FROM `{self.name}`.`{table}`" for table in tables])  # noqa: S608

    def migrate(self, revision: str = "head") -> None:
        """Upgrade to a revision with the owner's account."""
        self.alembic("upgrade", revision)

    def make_tables(self) -> None:
        """What `migrate` does, by the SQL that it says it would run: without its seconds."""
        rights = {table for given in RIGHTS.values() for table in given}
        self._execute([f"USE `{self.name}`", *_migrations(), *statements(OWNER, rights)])

    def alembic(self, *arguments: str) -> str:
        """Run alembic on this database; gives what it printed."""
        return _alembic(*arguments, **self.env("owner"))

    def _execute(self, statements: Sequence[str]) -> None:
        with ThreadPoolExecutor(1) as pool:  # the test may have a loop of its own
            pool.submit(asyncio.run, self._as_owner(statements)).result()

    async def _as_owner(self, statements: Sequence[str]) -> None:
        connection = await asyncmy.connect(
            host=self.host, port=self.port, user="owner", password=self.password("owner")
        )
        try:
            async with connection.cursor() as cursor:
                for statement in statements:
                    await cursor.execute(statement)
            await connection.commit()
        finally:
            await connection.ensure_closed()


@functools.cache
def _migrations() -> tuple[str, ...]:
    """All of them as statements; made once."""
    return tuple(s for s in _alembic("upgrade", "head", "--sql").split(";\n") if s.strip())


def _alembic(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "alembic", "-c", "schemas/database/alembic.ini"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
