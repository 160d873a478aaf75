"""docker-compose.yml against the code: every path, port, command and variable in it exists.

There is no engine here: what the containers do is not tested, only what they are told.
"""

import importlib
import importlib.util
import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from libs.catalogue import base as catalogue_base
from libs.local_stack import SERVICES, Ports
from libs.local_stack.mariadb import ACCOUNTS, DATABASE
from libs.local_stack.schema import MAKE_TOPICS, MIGRATE
from libs.local_stack.services import ACCOUNT_OF
from libs.service_kit import DatabaseSettings, KafkaSettings, ServiceSettings

ROOT = Path(catalogue_base.__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
CONTAINERS = COMPOSE["services"]
OURS = [name for name in CONTAINERS if name in SERVICES]
PORTS = Ports()
METRICS_PORTS = PORTS.metrics.model_dump()
DOCKERFILE = (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")
MADE_AT_RUN_TIME = ("./var/", "${STILLSTREAM_DATA:-./var/beamline}")
PREFIX = "STILLSTREAM_"


def variables(name: str) -> dict[str, str]:
    return CONTAINERS[name].get("environment", {})


def settings_class(service: str) -> type[ServiceSettings]:
    config = importlib.import_module(f"services.{service}.config")
    (found,) = (
        value
        for value in vars(config).values()
        if isinstance(value, type)
        and issubclass(value, ServiceSettings)
        and value is not ServiceSettings
    )
    return found


def leaves(model: type) -> set[str]:
    """Every variable that a settings class reads."""
    names = set()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if hasattr(kind, "model_fields"):
            names |= {f"{name}__{leaf}" for leaf in leaves(kind)}
        else:
            names.add(name)
    return {name.upper() for name in names}


def test_docker_compose_reads_it():
    done = subprocess.run(
        ["docker-compose", "-f", str(FILE), "config", "-q"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_service_of_the_local_stack_is_there():
    assert tuple(OURS) == SERVICES


@pytest.mark.parametrize("service", OURS)
def test_variables_are_settings_of_the_service(service):
    known = leaves(settings_class(service))
    given = {name.removeprefix(PREFIX) for name in variables(service)}
    assert given <= known


@pytest.mark.parametrize("service", OURS)
def test_required_settings_are_given(service):
    required = {
        name.upper()
        for name, field in settings_class(service).model_fields.items()
        if field.is_required()
    }
    assert required <= {name.removeprefix(PREFIX) for name in variables(service)}


@pytest.mark.parametrize("name", ["make_topics", "migrate", "cli"])
def test_variables_of_the_tools_are_known(name):
    known = {f"KAFKA__{leaf.upper()}" for leaf in KafkaSettings.model_fields}
    known |= {f"DATABASE__{leaf.upper()}" for leaf in DatabaseSettings.model_fields}
    assert {variable.removeprefix(PREFIX) for variable in variables(name)} <= known


@pytest.mark.parametrize("service", OURS)
def test_each_has_the_account_of_the_local_stack(service):
    account = ACCOUNT_OF.get(service)
    assert CONTAINERS[service].get("secrets", []) == ([account] if account else [])
    assert variables(service).get("STILLSTREAM_DATABASE__USER") == account
    if account:
        password_file = variables(service)["STILLSTREAM_DATABASE__PASSWORD_FILE"]
        assert password_file == f"/run/secrets/{account}"
        assert variables(service)["STILLSTREAM_DATABASE__NAME"] == DATABASE


@pytest.mark.parametrize("service", OURS)
def test_metrics_ports_are_those_of_the_settings_file_everywhere(service):
    port = str(METRICS_PORTS[service])
    assert variables(service)["STILLSTREAM_METRICS__PORT"] == port
    health = CONTAINERS[service]["healthcheck"]["test"]
    assert health[-2:] == [service, port]
    targets = json.loads((ROOT / "deploy/docker/targets.json").read_text(encoding="utf-8"))
    wanted = {"targets": [f"{service}:{port}"], "labels": {"process": service}}
    assert wanted in targets
    assert len(targets) == len(OURS)


def test_published_ports_are_on_loopback_and_those_of_the_settings_file():
    published = {name: c["ports"] for name, c in CONTAINERS.items() if "ports" in c}
    assert published == {
        "live_view": [f"127.0.0.1:{PORTS.live_view}:{PORTS.live_view}"],
        "prometheus": [f"127.0.0.1:{PORTS.prometheus}:{PORTS.prometheus}"],
        "grafana": [f"127.0.0.1:{PORTS.grafana}:{PORTS.grafana}"],
    }
    assert variables("live_view")["STILLSTREAM_HTTP__PORT"] == str(PORTS.live_view)


@pytest.mark.parametrize("name", [n for n, c in CONTAINERS.items() if "dockerfile" in str(c)])
def test_our_commands_can_be_imported(name):
    for part in ("command", "entrypoint"):
        command = CONTAINERS[name].get(part, [])
        if command[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(command[2]) is not None
    health = CONTAINERS[name].get("healthcheck", {}).get("test", [])
    if health[1:3] == ["python", "-m"]:
        assert importlib.util.find_spec(health[3]) is not None


def test_topics_and_tables_are_made_as_on_the_local_stack():
    assert CONTAINERS["make_topics"]["command"] == ["python", "-m", *MAKE_TOPICS]
    assert CONTAINERS["migrate"]["command"] == list(MIGRATE)


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_is_mounted_exists(name):
    for volume in CONTAINERS[name].get("volumes", []):
        source = re.match(r"(\$\{[^}]*\}|[^:]+):", volume)[1]
        if source.startswith("./deploy"):
            assert (ROOT / source).exists(), f"{name}: {source}"
        else:
            assert source in COMPOSE["volumes"] or source in MADE_AT_RUN_TIME, f"{name}: {source}"


def test_images_are_pinned():
    for name, container in CONTAINERS.items():
        tag = container["image"].partition(":")[2]
        assert re.search(r"\d+\.\d+", tag), f"{name}: {container['image']}"


def test_kafka_is_the_version_of_the_local_stack_with_its_settings():
    pom = (ROOT / "deploy/kafka/pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<kafka.version>(.*)</kafka.version>", pom)[1]
    assert CONTAINERS["kafka"]["image"] == f"apache/kafka:{version}"
    lines = (ROOT / "deploy/kafka/server.properties").read_text(encoding="utf-8").splitlines()
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or name.startswith("#"):
            continue
        given = variables("kafka")["KAFKA_" + name.upper().replace(".", "_")]
        if "127.0.0.1" not in value and "${" not in value:
            assert given == value, name


def test_mysql_is_set_as_mariadb_is():
    lines = (ROOT / "deploy/local/mariadb.cnf").read_text(encoding="utf-8").splitlines()
    options = {line.replace(" ", "") for line in lines if not line.startswith(("#", "[", "$"))}
    about_the_machine = ("datadir", "socket", "pid-file", "port", "bind-address", "init-file")
    for given in CONTAINERS["mysql"]["command"]:
        option = given.removeprefix("--")
        if not option.startswith("innodb-buffer-pool-size"):  # ${buffer_mb} there
            assert option in options
    missing = {
        option
        for option in options - {given[2:] for given in CONTAINERS["mysql"]["command"]} - {""}
        if not option.startswith((*about_the_machine, "innodb-"))
    }
    assert not missing


def test_accounts_have_the_rights_of_the_local_stack():
    script = (ROOT / "deploy/docker/accounts.sh").read_text(encoding="utf-8")
    accounts = (ROOT / "deploy/local/accounts.sql").read_text(encoding="utf-8")
    assert f"for account in {' '.join(ACCOUNTS)}" in script
    for rights in set(re.findall(r"GRANT (.*?) ON `(stillstream%)`", accounts)):
        assert f'"{rights[0]}"' in script
    assert set(CONTAINERS["mysql"]["secrets"]) == {"root", *ACCOUNTS}


def test_secrets_are_the_files_that_make_secrets_writes(tmp_path):
    subprocess.run(
        [ROOT / "deploy/docker/make-secrets", tmp_path / "s"], check=True, capture_output=True
    )
    made = {path.name: path.read_text() for path in (tmp_path / "s").iterdir()}
    wanted = {name: secret["file"] for name, secret in COMPOSE["secrets"].items()}
    assert wanted == {name: f"./var/docker/secrets/{name}" for name in made}
    assert len(set(made.values())) == len(made)
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700
    used = {name for container in CONTAINERS.values() for name in container.get("secrets", [])}
    assert used == set(made)


def test_grafana_is_given_every_variable_of_the_provisioning():
    provisioning = ROOT / "deploy/grafana/provisioning"
    used = {
        name
        for path in provisioning.rglob("*.yml")
        for name in re.findall(r"\$\{(\w+)\}", path.read_text(encoding="utf-8"))
    }
    assert used == {name for name in variables("grafana") if name.startswith(PREFIX)}
    assert variables("grafana")["STILLSTREAM_DATABASE_PASSWORD"] == "$$__file{/run/secrets/reader}"


def test_prometheus_finds_its_rules_and_targets_where_its_configuration_says():
    text = (ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8")
    configuration = yaml.safe_load(text)
    mounted = [v.split(":")[1] for v in CONTAINERS["prometheus"]["volumes"]]
    assert configuration["rule_files"] == ["rules/*.yml"]
    assert "/etc/prometheus/rules" in mounted
    (discovery,) = configuration["scrape_configs"][0]["file_sd_configs"]
    assert discovery["files"] == ["targets/*.json"]
    assert "/etc/prometheus/targets/services.json" in mounted


def test_the_image_is_built_from_what_the_local_stack_installs():
    packages = (ROOT / "deploy/local/packages.txt").read_text(encoding="utf-8").split()
    installed = re.findall(r"--no-install-recommends ([^\\\n]*)", DOCKERFILE)
    for package in " ".join(installed).split():
        assert package in packages
    assert "--require-hashes --no-deps" in DOCKERFILE


def test_what_is_copied_into_the_image_exists():
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source


def test_the_context_lets_through_what_is_copied():
    allowed = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    for source in " ".join(copied).split():
        assert source.split("/")[0] in allowed
