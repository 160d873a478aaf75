"""The supervisor's configuration file.

Programs run under `setpriv --pdeathsig`, so that they end with a supervisor that was killed.
"""

import getpass
import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from libs.local_stack.errors import LocalStackError
from libs.local_stack.files import PRIVATE, write
from libs.local_stack.paths import StackPaths
from libs.local_stack.programs import Program

END_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")
LOG_BYTES = "20MB"
HEADER = """\
[unix_http_server]
file={socket}
chmod=0700

[supervisord]
logfile={logs}/supervisord.log
pidfile={run}/supervisord.pid
childlogdir={logs}
directory={root}
strip_ansi=true
{user_line}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{socket}
"""
PROGRAM = """
[program:{name}]
command={command}
environment={environment}
directory={root}
priority={priority}
autostart={autostart}
autorestart=true
startsecs=1
startretries=30
stopwaitsecs={stop_s}
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes={log_bytes}
stdout_logfile_backups=3
"""


def write_configuration(paths: StackPaths, programs: Iterable[Program]) -> None:
    """The supervisor's file; private, since environments can hold secrets."""
    header = HEADER.format(
        socket=supervisor_socket(paths),
        logs=paths.logs,
        run=paths.run,
        root=paths.root,
        user_line=f"user={getpass.getuser()}" if os.geteuid() == 0 else "",
    )
    sections = "".join(_section(paths, program) for program in programs)
    write(paths.supervisor_file, header.replace("%", "%%") + sections, PRIVATE)


def _section(paths: StackPaths, program: Program) -> str:
    values = {
        "name": program.name,
        "command": shlex.join((*END_WITH_PARENT, *program.command)),
        "environment": ",".join(f'{k}="{_quoted(v)}"' for k, v in program.environment.items()),
        "root": str(paths.root),
        "priority": str(program.priority),
        "autostart": str(program.autostart).lower(),
        "stop_s": str(program.stop_s),
        "log": str(log_file(paths, program.name)),
        "log_bytes": LOG_BYTES,
    }
    return PROGRAM.format(**{name: value.replace("%", "%%") for name, value in values.items()})


def _quoted(value: str) -> str:
    if '"' in value or "\n" in value:
        raise LocalStackError(f"a supervised process cannot get {value!r} in its environment")
    return value


def log_file(paths: StackPaths, name: str) -> Path:
    """Where a process's output goes."""
    return paths.logs / f"{name}.log"


def supervisor_socket(paths: StackPaths) -> Path:
    """Where the supervisor listens."""
    return paths.sockets / "supervisor.sock"
