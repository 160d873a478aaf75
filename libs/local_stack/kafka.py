"""One Kafka node in KRaft mode: configuration, formatting, the command, readiness.

Topics are not made here: libs/streams does that from the table in libs/messages.
"""

import base64
import shutil
import subprocess
import uuid
from pathlib import Path

from libs.local_stack.errors import LocalStackError, NotInstalledError
from libs.local_stack.files import render
from libs.local_stack.paths import StackPaths
from libs.local_stack.ports import HOST
from libs.local_stack.programs import Program
from libs.local_stack.settings import Memory, Ports

FORMAT_TIMEOUT_S = 120
# Short-lived Java programs start faster without the optimising compiler.
QUICK_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx128m")


def bootstrap(ports: Ports) -> str:
    """The broker's address, as clients want it."""
    return f"{HOST}:{ports.kafka}"


def prepare_kafka(paths: StackPaths, ports: Ports) -> None:
    """Write the configuration and format the storage once; raises LocalStackError."""
    properties = _properties(paths)
    render(
        paths.root / "deploy/kafka/server.properties",
        properties,
        port=ports.kafka,
        controller_port=ports.kafka_controller,
        data=_data(paths).resolve(),
    )
    if not (_data(paths) / "meta.properties").exists():
        _format(paths, properties)


def kafka_program(paths: StackPaths, memory: Memory) -> Program:
    """The broker's process."""
    heap = (f"-Xms{memory.kafka_heap_min_mb}m", f"-Xmx{memory.kafka_heap_max_mb}m")
    logging = f"-Dlog4j2.configurationFile={paths.root / 'deploy/kafka/log4j2.xml'}"
    command = (_java(), *heap, "-XX:+UseSerialGC", logging, "-cp", _class_path(paths))
    return Program(
        name="kafka", command=(*command, "kafka.Kafka", str(_properties(paths))), priority=10
    )


def _format(paths: StackPaths, properties: Path) -> None:
    shutil.rmtree(_data(paths), ignore_errors=True)  # what an interrupted format left
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    identity = f"--cluster-id={cluster}"  # one word: one in 64 begins with a dash
    tool = ("kafka.tools.StorageTool", "format", identity, "-c", str(properties))
    done = subprocess.run(
        [_java(), *QUICK_JVM, "-cp", _class_path(paths), *tool],
        capture_output=True,
        text=True,
        timeout=FORMAT_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise LocalStackError(f"Kafka's storage could not be formatted: {done.stderr[-2000:]}")


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise NotInstalledError("java is not installed: run `make setup`")
    return java


def _class_path(paths: StackPaths) -> str:
    if not any(paths.jars.glob("kafka_*.jar")):
        raise NotInstalledError(f"{paths.jars} holds no Kafka: run `make setup`")
    return f"{paths.jars}/*"


def _data(paths: StackPaths) -> Path:
    return paths.kafka / "data"


def _properties(paths: StackPaths) -> Path:
    return paths.kafka / "server.properties"
