"""`stillstream grafana push` against an HTTP server that answers as Grafana does."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from libs.command_line.grafana import command

TOKEN = "glsa_secret"


class Answers(BaseHTTPRequestHandler):
    """Takes dashboards from whoever has the token; knows one data source."""

    boards: list[dict] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer(401, {"message": "invalid API key"})
            return
        self.boards.append(body)
        uid = body["dashboard"]["uid"]
        self._answer(200, {"uid": uid, "url": f"/d/{uid}/x", "version": len(self.boards)})

    def do_GET(self):
        if self.path.endswith("/uid/stillstream-prometheus"):
            self._answer(200, {"uid": "stillstream-prometheus"})
        else:
            self._answer(404, {"message": "data source not found"})

    def _answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def grafana():
    Answers.boards = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def push(*arguments, **environment):
    return CliRunner().invoke(command, ["push", *arguments], env=environment)


def test_the_dashboard_is_pushed_and_missing_sources_are_named(grafana):
    result = push("--url", grafana, "--json", STILLSTREAM_GRAFANA_TOKEN=TOKEN)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert [p["uid"] for p in answer["pushed"]] == ["stillstream"]
    assert answer["missing_sources"] == ["stillstream-mysql"]
    assert Answers.boards[0]["overwrite"] is True
    assert Answers.boards[0]["dashboard"]["id"] is None


def test_the_token_may_come_from_a_file(grafana, tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    result = push("--url", grafana, "--token-file", str(tmp_path / "token"), "--folder", "abc")
    assert result.exit_code == 0, result.output
    assert Answers.boards[0]["folderUid"] == "abc"
    assert f"{grafana}/d/stillstream/x" in result.output


def test_a_wrong_token_is_a_clear_error_without_the_token(grafana):
    result = push("--url", grafana, STILLSTREAM_GRAFANA_TOKEN="wrong-one")
    assert result.exit_code == 1
    assert "check the address" in result.output
    assert "wrong-one" not in result.output


def test_no_token_says_how_to_give_one():
    result = push(STILLSTREAM_GRAFANA_TOKEN="")
    assert result.exit_code == 2
    assert "--token-file" in result.output


def test_nobody_there_is_a_clear_error():
    result = push("--url", "http://127.0.0.1:9", STILLSTREAM_GRAFANA_TOKEN=TOKEN)
    assert result.exit_code == 1
    assert "did not take the dashboards" in result.output
