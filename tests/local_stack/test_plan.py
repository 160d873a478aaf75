import configparser
import json
import shlex
from pathlib import Path

import pytest

from libs.local_stack import ROOT, SERVICES, LocalStackError, Ports, StackPaths, StackSettings
from libs.local_stack.plan import Plan, programs
from libs.local_stack.programs import Program
from libs.local_stack.prometheus import prepare_prometheus
from libs.local_stack.services import service_environment
from libs.local_stack.settings import Processing
from libs.local_stack.supervisor_file import END_WITH_PARENT, write_configuration


def plan(var: Path, **changes: object) -> Plan:
    values = {
        "paths": StackPaths(var=var),
        "settings": StackSettings(),
        "services": SERVICES,
        "infrastructure": ("kafka", "mariadb", "prometheus"),
        "environment": {},
    }
    return Plan(**(values | changes))  # type: ignore[arg-type]


def configuration(paths: StackPaths, made: list[Program]) -> configparser.ConfigParser:
    paths.make_folders()
    write_configuration(paths, made)
    parser = configparser.ConfigParser(interpolation=configparser.BasicInterpolation())
    parser.read(paths.supervisor_file)
    return parser


@pytest.mark.system
def test_every_process_is_restarted_logged_and_ends_with_the_supervisor(tmp_path: Path) -> None:
    stack = plan(tmp_path)
    parser = configuration(stack.paths, programs(stack, Ports()))
    names = [s.removeprefix("program:") for s in parser.sections() if s.startswith("program:")]
    assert names == ["kafka", "mariadb", "prometheus", *SERVICES]
    for name in names:
        section = parser[f"program:{name}"]
        assert section["autorestart"] == "true"
        assert section["stdout_logfile"] == str(tmp_path / f"log/{name}.log")
        assert shlex.split(section["command"])[: len(END_WITH_PARENT)] == list(END_WITH_PARENT)


@pytest.mark.system
def test_services_start_last_and_stop_first(tmp_path: Path) -> None:
    made = {program.name: program for program in programs(plan(tmp_path), Ports())}
    ours = [made[name] for name in SERVICES]
    assert not any(program.autostart for program in ours)
    assert min(p.priority for p in ours) > max(
        made[name].priority for name in ("kafka", "mariadb", "prometheus")
    )


def test_the_configuration_is_private_and_keeps_odd_characters(tmp_path: Path) -> None:
    program = Program(
        name="odd", command=("echo", "a b", "100%"), environment={"X": "50% of, it"}, priority=1
    )
    paths = StackPaths(var=tmp_path)
    section = configuration(paths, [program])["program:odd"]
    assert paths.supervisor_file.stat().st_mode & 0o777 == 0o600
    assert shlex.split(section["command"])[-3:] == ["echo", "a b", "100%"]
    assert section["environment"] == 'X="50% of, it"'


def test_a_quote_in_an_environment_is_refused(tmp_path: Path) -> None:
    program = Program(name="odd", command=("true",), environment={"X": 'a"b'}, priority=1)
    with pytest.raises(LocalStackError, match="environment"):
        configuration(StackPaths(var=tmp_path), [program])


@pytest.mark.parametrize(
    ("service", "account"),
    [
        ("run_discovery", None),
        ("job_dispatcher", "editor"),
        ("frame_processor", None),
        ("stats_aggregator", None),
        ("database_sink", "writer"),
        ("live_view", "reader"),
        ("external_adapter", None),
    ],
)
def test_a_service_gets_no_more_of_the_database_than_it_needs(
    tmp_path: Path, service: str, account: str | None
) -> None:
    environment = service_environment(service, StackPaths(var=tmp_path), Ports(), StackSettings())
    assert environment.get("STILLSTREAM_DATABASE__USER") == account
    assert ("STILLSTREAM_DATABASE__PASSWORD_FILE" in environment) == (account is not None)


@pytest.mark.system
def test_a_stack_adds_variables_to_one_service(tmp_path: Path) -> None:
    stack = plan(tmp_path, environment={"live_view": {"STILLSTREAM_EXTRA": "1"}})
    made = {program.name: program.environment for program in programs(stack, Ports())}
    assert made["live_view"]["STILLSTREAM_EXTRA"] == "1"
    assert "STILLSTREAM_EXTRA" not in made["database_sink"]


def test_prometheus_scrapes_each_service_under_its_name(tmp_path: Path) -> None:
    paths = StackPaths(var=tmp_path)
    prepare_prometheus(paths, Ports(), SERVICES)
    targets = json.loads((tmp_path / "prometheus/targets/services.json").read_text())
    assert [t["labels"]["process"] for t in targets] == list(SERVICES)
    assert targets[0]["targets"] == ["127.0.0.1:9401"]
    source = ROOT / "deploy/prometheus/prometheus.yml"
    assert (tmp_path / "prometheus/prometheus.yml").read_text() == source.read_text()


@pytest.mark.parametrize("wanted", [True, False])
def test_sampling_is_switched_in_the_settings_file(tmp_path: Path, wanted: bool) -> None:
    settings = StackSettings(processing=Processing(sampling=wanted))
    environment = service_environment("job_dispatcher", StackPaths(var=tmp_path), Ports(), settings)
    assert environment["STILLSTREAM_SAMPLING__ENABLED"] == str(wanted).lower()
