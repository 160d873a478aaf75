"""Pace: the schedule is kept without drift, and lateness is not slept away."""

from libs.simulation import paced


class Clock:
    """Time that passes only when someone sleeps or works."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def test_items_come_at_the_rate() -> None:
    clock = Clock()
    times = [clock.now for _ in paced(range(4), 10.0, clock=clock, sleep=clock.pass_by)]
    assert [round(t - 100, 6) for t in times] == [0.0, 0.1, 0.2, 0.3]


def test_a_late_consumer_is_served_at_once_and_the_schedule_stays() -> None:
    clock = Clock()
    times = []
    for item in paced(range(4), 10.0, clock=clock, sleep=clock.pass_by):
        times.append(round(clock.now - 100, 6))
        clock.pass_by(0.25 if item == 0 else 0.0)
    assert times == [0.0, 0.25, 0.25, 0.3]
