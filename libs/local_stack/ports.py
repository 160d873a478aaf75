"""Finds free ports: the wanted one, else the next above it that nobody has or wants."""

import random
import socket
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from libs.local_stack.errors import LocalStackError
from libs.local_stack.settings import MetricsPorts, Ports

HOST = "127.0.0.1"
LAST_PORT = 65535
LOOK_AHEAD = 500
CHANCE = random.SystemRandom()
FIRST_PORT = 10_000
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def any_free_port(avoided: Collection[int] = ()) -> int:
    """A port that no connection going out can take before its server listens."""
    tried = CHANCE.sample(range(FIRST_PORT, _first_outgoing_port()), LOOK_AHEAD)
    for port in tried:
        if port not in avoided and is_free(port):
            return port
    raise LocalStackError(f"none of {LOOK_AHEAD} ports from {FIRST_PORT} on is free")


def _first_outgoing_port() -> int:
    """Where the system's own choice begins; if that is nearly everywhere, we share it."""
    first = int(OUTGOING.read_text(encoding="utf-8").split()[0])
    return first if first >= FIRST_PORT + LOOK_AHEAD else LAST_PORT


def resolve_ports(wanted: Ports, free: Callable[[int], bool] = is_free) -> Ports:
    """The ports to use now; raises LocalStackError when none is free near a wanted one."""
    names = list(_flat(wanted))
    reserved = {port for _, port in names if port}
    given: dict[str, int] = {}
    for name, port in names:
        taken = set(given.values())
        given[name] = _next_free(name, port, taken | (reserved - {port}), taken, free)
    return _tree(given)


def _next_free(
    name: str, port: int, avoided: set[int], taken: set[int], free: Callable[[int], bool]
) -> int:
    if port == 0:
        return any_free_port(avoided)
    if port not in taken and free(port):
        return port
    above = range(port + 1, min(port + LOOK_AHEAD, LAST_PORT) + 1)
    for candidate in above:
        if candidate not in avoided and free(candidate):
            return candidate
    raise LocalStackError(
        f"no free port for {name} from {port} to {above.stop - 1}: choose another in settings.toml"
    )


def moved(wanted: Ports, given: Ports) -> dict[str, tuple[int, int]]:
    """Name → (wanted, given) of the ports that had to move aside."""
    pairs = zip(_flat(wanted), _flat(given), strict=True)
    return {name: (old, new) for (name, old), (_, new) in pairs if old not in (0, new)}


def read_ports(path: Path) -> Ports:
    """The ports that a running stack uses; raises LocalStackError."""
    try:
        return Ports.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LocalStackError(
            f"{path} does not tell the stack's ports ({error}): run `stillstream up`"
        ) from error


def write_ports(path: Path, ports: Ports) -> None:
    """Keep the ports in use for other processes."""
    path.write_text(ports.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _flat(ports: Ports) -> Iterator[tuple[str, int]]:
    for name, value in ports:
        if isinstance(value, MetricsPorts):
            yield from ((f"metrics.{service}", port) for service, port in value)
        else:
            yield name, value


def _tree(flat: dict[str, int]) -> Ports:
    metrics = {k.removeprefix("metrics."): p for k, p in flat.items() if "." in k}
    plain = {k: p for k, p in flat.items() if "." not in k}
    return Ports(metrics=MetricsPorts(**metrics), **plain)
