"""A private MariaDB server: data folder, configuration, accounts, the command.

Tables are not made here: the migrations in schemas/database do that.
"""

import getpass
import os
import shutil
import subprocess
from pathlib import Path

from libs.local_stack.errors import LocalStackError, NotInstalledError
from libs.local_stack.files import PRIVATE, ensure_password, render
from libs.local_stack.paths import StackPaths
from libs.local_stack.ports import HOST
from libs.local_stack.programs import Program
from libs.local_stack.settings import Memory, Ports

DATABASE = "stillstream"
ACCOUNTS = ("owner", "writer", "editor", "reader")
INSTALL_TIMEOUT_S = 120
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin")  # not on everybody's PATH


def prepare_mariadb(paths: StackPaths, ports: Ports, memory: Memory) -> None:
    """Write configuration and accounts; install the data folder once; raises LocalStackError."""
    passwords = {a: ensure_password(paths.secrets / a) for a in (*ACCOUNTS, "root")}
    deploy = paths.root / "deploy/local"
    render(deploy / "accounts.sql", _accounts(paths), PRIVATE, **passwords)
    render(
        deploy / "mariadb.cnf",
        _configuration(paths),
        PRIVATE,
        data=_data(paths).resolve(),
        socket=database_socket(paths).resolve(),
        pid_file=(paths.run / "mariadb.pid").resolve(),
        port=ports.mariadb,
        user_line=f"user = {getpass.getuser()}" if os.geteuid() == 0 else "",
        accounts=_accounts(paths).resolve(),
        buffer_mb=memory.mariadb_buffer_mb,
    )
    if not _data(paths).exists():
        _install(paths)


def mariadb_program(paths: StackPaths) -> Program:
    """The server's process."""
    command = (_executable("mariadbd"), f"--defaults-file={_configuration(paths)}")
    return Program(name="mariadb", command=command, priority=10)


def database_environment(paths: StackPaths, ports: Ports, account: str) -> dict[str, str]:
    """The variables that give a process one account."""
    return {
        "STILLSTREAM_DATABASE__HOST": HOST,
        "STILLSTREAM_DATABASE__PORT": str(ports.mariadb),
        "STILLSTREAM_DATABASE__NAME": DATABASE,
        "STILLSTREAM_DATABASE__USER": account,
        "STILLSTREAM_DATABASE__PASSWORD_FILE": str(paths.secrets / account),
    }


def database_socket(paths: StackPaths) -> Path:
    """The server's Unix socket."""
    return paths.sockets / "mariadb.sock"


def _install(paths: StackPaths) -> None:
    fresh = paths.mariadb / "data.new"  # renamed when whole: an interrupted run starts again
    shutil.rmtree(fresh, ignore_errors=True)
    user = [f"--user={getpass.getuser()}"] if os.geteuid() == 0 else []
    options = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
    options += ["--force"]  # not to stop where the machine's own name cannot be looked up
    done = subprocess.run(
        [_executable("mariadb-install-db"), *options, f"--datadir={fresh.resolve()}", *user],
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise LocalStackError(f"mariadb-install-db failed: {(done.stdout + done.stderr)[-2000:]}")
    fresh.rename(_data(paths))


def _executable(name: str) -> str:
    path = os.pathsep.join((os.environ.get("PATH", ""), *SERVER_FOLDERS))
    found = shutil.which(name, path=path)
    if found is None:
        raise NotInstalledError(f"{name} is not installed: run `make setup`")
    return found


def _data(paths: StackPaths) -> Path:
    return paths.mariadb / "data"


def _configuration(paths: StackPaths) -> Path:
    return paths.mariadb / "my.cnf"


def _accounts(paths: StackPaths) -> Path:
    return paths.mariadb / "accounts.sql"
