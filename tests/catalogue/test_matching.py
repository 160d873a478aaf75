import pytest

from libs.catalogue.matching import GroupRange, RunFacts, best_group, numeric

JET = RunFacts(experiment="mx2471", source="jet-a", number="r0013")


@pytest.mark.parametrize(
    ("number", "value"), [("13", 13), ("r0013", 13), ("scan2_0013", 13), ("test", None), ("", None)]
)
def test_the_last_number_in_a_runs_number_counts(number: str, value: int | None) -> None:
    assert numeric(number) == value


@pytest.mark.parametrize(
    ("group", "taken"),
    [
        (GroupRange(id=1), True),
        (GroupRange(id=1, source="jet-*"), True),
        (GroupRange(id=1, source="chip-*"), False),
        (GroupRange(id=1, experiment="other"), False),
        (GroupRange(id=1, first_run=12), True),
        (GroupRange(id=1, first_run=13, last_run=13), True),
        (GroupRange(id=1, first_run=14), False),
        (GroupRange(id=1, last_run=12), False),
    ],
)
def test_globs_and_range_decide(group: GroupRange, taken: bool) -> None:
    assert group.takes(JET) is taken


def test_a_run_without_number_is_in_no_range_but_in_an_unbounded_group() -> None:
    test_run = RunFacts(experiment="mx2471", source="jet-a", number="alignment")
    assert not GroupRange(id=1, first_run=1).takes(test_run)
    assert GroupRange(id=1).takes(test_run)


def test_of_several_groups_the_one_that_begins_latest_takes_the_run() -> None:
    groups = [
        GroupRange(id=1),
        GroupRange(id=2, first_run=12),
        GroupRange(id=3, first_run=5),
        GroupRange(id=4, first_run=20),
    ]
    best = best_group(groups, JET)
    assert best is not None
    assert best.id == 2


def test_no_group_no_match() -> None:
    assert best_group([GroupRange(id=1, source="chip")], JET) is None
