from pathlib import Path

from libs.local_stack.files import ensure_password, render
from libs.local_stack.paths import LONGEST_SOCKET_PATH, StackPaths


def test_a_password_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "owner"
    password = ensure_password(path)
    assert len(password) >= 24
    assert path.stat().st_mode & 0o777 == 0o600
    assert ensure_password(path) == password


def test_passwords_differ(tmp_path: Path) -> None:
    assert ensure_password(tmp_path / "a") != ensure_password(tmp_path / "b")


def test_a_template_is_filled_in_with_the_mode_wanted(tmp_path: Path) -> None:
    template = tmp_path / "template"
    template.write_text("port = ${port}\n")
    render(template, tmp_path / "made" / "file", 0o600, port=9)
    assert (tmp_path / "made" / "file").read_text() == "port = 9\n"
    assert (tmp_path / "made" / "file").stat().st_mode & 0o777 == 0o600


def test_sockets_lie_below_var_where_the_kernel_allows_it(tmp_path: Path) -> None:
    short = StackPaths(var=Path("/srv/var"))
    deep = StackPaths(var=tmp_path / ("d" * LONGEST_SOCKET_PATH))
    assert short.sockets == Path("/srv/var/run")
    assert len(str(deep.sockets / "supervisor.sock")) <= LONGEST_SOCKET_PATH
