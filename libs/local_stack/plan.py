"""Which processes a stack has, and everything written to disk before the first one starts."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from libs.local_stack.grafana import grafana_program
from libs.local_stack.kafka import kafka_program, prepare_kafka
from libs.local_stack.mariadb import mariadb_program, prepare_mariadb
from libs.local_stack.paths import StackPaths
from libs.local_stack.ports import resolve_ports, write_ports
from libs.local_stack.programs import Program
from libs.local_stack.prometheus import prepare_prometheus, prometheus_program
from libs.local_stack.services import service_program
from libs.local_stack.settings import Ports, StackSettings
from libs.local_stack.supervisor_file import write_configuration


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`environment` adds variables to single services."""

    paths: StackPaths
    settings: StackSettings
    services: tuple[str, ...]
    infrastructure: tuple[str, ...]
    environment: Mapping[str, Mapping[str, str]]


def prepare(plan: Plan) -> Ports:
    """Choose ports, write every file, format and install; raises LocalStackError."""
    ports = resolve_ports(plan.settings.ports)
    write_ports(plan.paths.ports_file, ports)
    _copy_sources(plan)
    with ThreadPoolExecutor() as pool:
        tasks = [pool.submit(task) for task in _preparations(plan, ports)]
    for task in tasks:
        task.result()
    write_configuration(plan.paths, programs(plan, ports))
    return ports


def programs(plan: Plan, ports: Ports) -> list[Program]:
    """The processes of the plan; Grafana only where it is installed."""
    paths, settings = plan.paths, plan.settings
    known: dict[str, Callable[[], Program | None]] = {
        "kafka": lambda: kafka_program(paths, settings.memory),
        "mariadb": lambda: mariadb_program(paths),
        "prometheus": lambda: prometheus_program(paths, ports),
        "grafana": lambda: grafana_program(paths, ports),
    }
    infrastructure = [program for name in plan.infrastructure if (program := known[name]())]
    return infrastructure + [
        service_program(name, paths, ports, settings, plan.environment.get(name, {}))
        for name in plan.services
    ]


def _preparations(plan: Plan, ports: Ports) -> Iterator[Callable[[], None]]:
    paths, memory = plan.paths, plan.settings.memory
    if "kafka" in plan.infrastructure:
        yield lambda: prepare_kafka(paths, ports)
    if "mariadb" in plan.infrastructure:
        yield lambda: prepare_mariadb(paths, ports, memory)
    if "prometheus" in plan.infrastructure:
        yield lambda: prepare_prometheus(paths, ports, plan.services)


def _copy_sources(plan: Plan) -> None:
    for file in (plan.paths.sources_file, plan.paths.external_file):
        if not file.exists():
            shutil.copyfile(plan.paths.root / "deploy/local" / file.name, file)
