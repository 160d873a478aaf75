"""A MariaDB server of its own in a temporary folder, for system tests of this project's tables."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

DEADLINE_S = 60.0


@dataclass(kw_only=True)
class PrivateServer:
    """A server that a test may stop and start again; root has no password, loopback only."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def socket(self) -> Path:
        return self.folder / "s.sock"

    def start(self) -> None:
        """Start and wait until statements are answered."""
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [
                shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults",
                f"--datadir={self.folder / 'data'}", f"--socket={self.socket}",
                f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve",
                f"--pid-file={self.folder / 'pid'}", "--innodb-buffer-pool-size=128M",
                "--innodb-flush-log-at-trx-commit=2", "--skip-log-bin", *as_user(),
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        deadline = time.monotonic() + DEADLINE_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "server.log").read_text()[-2000:])
            time.sleep(0.05)

    def answers(self) -> bool:
        return self.sql("SELECT 1", check=False) == 0

    def sql(self, statements: str, *, check: bool = True) -> int:
        done = subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.socket}", "-uroot", "-e", statements],
            capture_output=True, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(done.stderr.decode())
        return done.returncode

    def stop(self, *, kill: bool = False) -> None:
        """Stop (or kill) the server and wait for its end."""
        if self.process is not None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(60)
            self.process = None

    def url(self, database: str, user: str = "tester", password: str = "tester") -> sa.URL:
        return sa.URL.create(
            "mysql+asyncmy", user, password, "127.0.0.1", self.port, database,
            {"charset": "utf8mb4"},
        )  # fmt: skip

    def environment(self, database: str, password_file: Path) -> dict[str, str]:
        """What a service or alembic needs to find this server."""
        password_file.write_text("tester")
        names = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "NAME": database,
            "USER": "tester",
            "PASSWORD_FILE": str(password_file),
        }
        return os.environ | {f"STILLSTREAM_DATABASE__{name}": value for name, value in names.items()}


def as_user() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else [f"--user={pwd.getpwuid(os.geteuid()).pw_name}"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def private_server(folder: Path) -> Iterator[PrivateServer]:
    """A running server with the account tester/tester, which may do everything."""
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={folder / 'data'}",
         "--auth-root-authentication-method=normal", "--skip-test-db", *as_user()],
        check=True, capture_output=True,
    )  # fmt: skip
    server = PrivateServer(folder=folder, port=free_port())
    try:
        server.start()
        server.sql(
            "DROP USER IF EXISTS ''@'localhost';"
            "CREATE USER 'tester'@'127.0.0.1' IDENTIFIED BY 'tester';"
            "GRANT ALL ON *.* TO 'tester'@'127.0.0.1' WITH GRANT OPTION"
        )
        yield server
    finally:
        server.stop()
