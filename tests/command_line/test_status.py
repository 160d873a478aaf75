"""What `stillstream status` says of sampling and of work that waits: nothing while all is well."""

from collections.abc import Mapping

import pytest

from libs.command_line.status import _print_sampling, _print_work


@pytest.mark.parametrize("fractions", [{}, {"fast": 1.0, "dials": 1.0}])
def test_nothing_is_said_while_everything_is_indexed(
    fractions: Mapping[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    _print_sampling(fractions)
    assert capsys.readouterr().out == ""


def test_the_sampled_part_is_said_with_its_lane(capsys: pytest.CaptureFixture[str]) -> None:
    _print_sampling({"fast": 1.0, "dials": 0.0884})
    said = capsys.readouterr().out
    assert "8.8% are indexed" in said
    assert "dials lane" in said
    assert "fast" not in said.replace("too fast", "")


def test_waiting_work_is_said_by_topic(capsys: pytest.CaptureFixture[str]) -> None:
    _print_work({"stillstream.work-live.v1": 0.0, "stillstream.work-live-dials.v1": 12.0})
    assert capsys.readouterr().out == "chunks waiting: work-live-dials 12\n\n"
