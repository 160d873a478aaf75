"""Makes the topics and the tables, each by its own command in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping

from libs.local_stack.errors import LocalStackError
from libs.local_stack.kafka import bootstrap
from libs.local_stack.mariadb import database_environment
from libs.local_stack.paths import StackPaths
from libs.local_stack.settings import Ports

COMMAND_TIMEOUT_S = 180
MAKE_TOPICS = ("libs.streams.topics_admin",)
MIGRATE = ("alembic", "-c", "schemas/database/alembic.ini", "upgrade", "head")


def make_topics(paths: StackPaths, ports: Ports) -> None:
    """Make the topics that are missing; raises LocalStackError."""
    _python(paths, MAKE_TOPICS, {"STILLSTREAM_KAFKA__BOOTSTRAP": bootstrap(ports)})


def migrate(paths: StackPaths, ports: Ports) -> None:
    """Bring the tables to the newest version; raises LocalStackError."""
    _python(paths, MIGRATE, database_environment(paths, ports, "owner"))


def _python(paths: StackPaths, module: tuple[str, ...], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=paths.root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise LocalStackError(f"python -m {' '.join(module)} failed:\n{done.stderr[-3000:]}")
