"""What `stillstream status` says of sampling: nothing while everything is indexed."""

import pytest

from libs.command_line.status import _print_sampling


@pytest.mark.parametrize("fraction", [None, 1.0])
def test_nothing_is_said_while_everything_is_indexed(
    fraction: float | None, capsys: pytest.CaptureFixture[str]
) -> None:
    _print_sampling(fraction)
    assert capsys.readouterr().out == ""


def test_the_sampled_part_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    _print_sampling(0.0884)
    assert "8.8% are indexed" in capsys.readouterr().out
