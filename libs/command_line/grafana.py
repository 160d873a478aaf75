"""`stillstream grafana push`: the dashboards into an existing Grafana, through its API.

Does not make data sources: their passwords belong to the Grafana that keeps them. It says which
ones the dashboards want and are missing there.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from grafana_client import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException

FOLDER = Path(__file__).resolve().parents[2] / "deploy/grafana/dashboards"
TOKEN_VARIABLE = "STILLSTREAM_GRAFANA_TOKEN"  # noqa: S105  the name of a variable
NOT_FOUND = 404


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """One dashboard as Grafana has it now."""

    uid: str
    title: str
    url: str
    version: int


@click.group(name="grafana")
def command() -> None:
    """Dashboards in an existing Grafana."""


@command.command(name="push")
@click.option(
    "--url",
    envvar="STILLSTREAM_GRAFANA_URL",
    default="http://127.0.0.1:3000",
    show_default=True,
    help="Address of the Grafana (or STILLSTREAM_GRAFANA_URL).",
)
@click.option(
    "--token-file",
    envvar="STILLSTREAM_GRAFANA_TOKEN_FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"File with a service-account token; else the variable {TOKEN_VARIABLE}.",
)
@click.option("--folder", "folder_uid", help="Uid of the Grafana folder; default: General.")
@click.option("--json", "as_json", is_flag=True, help="Print what was pushed as JSON.")
def push(url: str, token_file: Path | None, folder_uid: str | None, as_json: bool) -> None:
    """Create or replace every dashboard of deploy/grafana/dashboards."""
    api = GrafanaApi.from_url(url, credential=_token(token_file))
    boards = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
    ]
    try:
        pushed = [_push(api, board, folder_uid, url) for board in boards]
        missing = sorted(uid for uid in _wanted(boards) if not _has_source(api, uid))
    except (GrafanaException, OSError) as error:
        raise click.ClickException(
            f"{url} did not take the dashboards ({error}): check the address, and that the token "
            "belongs to an editor"
        ) from error
    if as_json:
        click.echo(json.dumps({"pushed": [asdict(p) for p in pushed], "missing_sources": missing}))
        return
    for each in pushed:
        click.echo(f"{each.title}: {each.url} (version {each.version})")
    for uid in missing:
        click.echo(f"Data source {uid} is missing there: see docs/how-to/grafana.md", err=True)


def _token(file: Path | None) -> str:
    token = file.read_text(encoding="utf-8") if file else os.environ.get(TOKEN_VARIABLE, "")
    if not token.strip():
        raise click.UsageError(
            f"no token: give --token-file FILE, or put one (service account) into {TOKEN_VARIABLE}"
        )
    return token.strip()


def _push(api: Any, board: dict[str, Any], folder_uid: str | None, url: str) -> Pushed:
    request = {
        "dashboard": {**board, "id": None},
        "overwrite": True,
        "message": "stillstream grafana push",
    } | ({"folderUid": folder_uid} if folder_uid else {})
    answer = api.dashboard.update_dashboard(request)
    return Pushed(
        uid=answer["uid"],
        title=board["title"],
        url=url.rstrip("/") + answer["url"],
        version=answer["version"],
    )


def _wanted(node: Any) -> set[str]:
    """Uids of all data sources that a dashboard names."""
    return {source["uid"] for source in _sources(node)}


def _sources(node: Any) -> Iterator[dict[str, str]]:
    if isinstance(node, dict):
        source = node.get("datasource")
        if isinstance(source, dict):
            yield source
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _sources(child)


def _has_source(api: Any, uid: str) -> bool:
    try:
        api.datasource.get_datasource_by_uid(uid)
    except GrafanaClientError as error:
        if error.status_code != NOT_FOUND:
            raise
        return False
    return True


if __name__ == "__main__":
    sys.exit(command())
