"""Where the stack keeps what: everything below one folder, `var`."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 bytes; supervisor appends to the name


@dataclass(frozen=True, kw_only=True)
class StackPaths:
    """The folders and files of one stack; `root` holds the code and what the set-up installed."""

    var: Path
    root: Path = ROOT

    @property
    def settings_file(self) -> Path:
        """Ports, heaps, workers."""
        return self.root / "deploy/local/settings.toml"

    @property
    def jars(self) -> Path:
        """Kafka's class path."""
        return self.root / "var/kafka/libs"

    @property
    def assets(self) -> Path:
        """What the page loads that is not ours."""
        return self.root / "var/assets"

    @property
    def run(self) -> Path:
        """Ports, pid files, locks."""
        return self.var / "run"

    @property
    def ports_file(self) -> Path:
        """The ports in use."""
        return self.run / "ports.json"

    @property
    def logs(self) -> Path:
        """One log file for each process."""
        return self.var / "log"

    @property
    def secrets(self) -> Path:
        """One password file for each database account."""
        return self.var / "secrets"

    @property
    def archive(self) -> Path:
        """DIALS files of processed frames."""
        return self.var / "archive"

    @property
    def sources_file(self) -> Path:
        """The folders that run_discovery watches."""
        return self.var / "sources.toml"

    @property
    def external_file(self) -> Path:
        """Where other systems leave their results, for external_adapter."""
        return self.var / "external.toml"

    @property
    def kafka(self) -> Path:
        """The broker's configuration and data."""
        return self.var / "kafka"

    @property
    def mariadb(self) -> Path:
        """The database server's configuration and data."""
        return self.var / "mariadb"

    @property
    def prometheus(self) -> Path:
        """Prometheus's configuration and data."""
        return self.var / "prometheus"

    @property
    def grafana(self) -> Path:
        """Grafana's data, where it is installed."""
        return self.var / "grafana"

    @property
    def supervisor_file(self) -> Path:
        """The supervisor's configuration."""
        return self.var / "supervisor/supervisord.conf"

    @property
    def sockets(self) -> Path:
        """Unix sockets; beside `var` paths can be too long for them."""
        if len(str(self.run / "supervisor.sock")) <= LONGEST_SOCKET_PATH:
            return self.run
        digest = hashlib.sha256(str(self.var).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"stillstream-{digest}"

    def make_folders(self) -> None:
        """Make what must exist before the first process starts; private where secrets lie."""
        for folder in (self.logs, self.archive, self.supervisor_file.parent):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.run, self.secrets, self.sockets):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
