"""What the supervisor is told about one process."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process; a lower `priority` starts earlier and stops later."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    priority: int
    autostart: bool = True
    stop_s: int = 30
