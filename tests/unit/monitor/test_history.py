"""What the check keeps of a run on its way."""

from typing import cast

from labctl.monitor._estimates import Estimates, Snapshot
from labctl.monitor._history import History


class _Numbered:
    """Estimates whose snapshot is a number."""

    def __init__(self) -> None:
        self.made = 0

    def snapshot(self) -> Snapshot:
        self.made += 1
        return cast(Snapshot, self.made)


def test_a_long_run_keeps_few_estimates_and_the_recent_ones_all() -> None:
    """Of a hundred thousand some thousand are kept: the first, every one of the last hour, and
    always some from before a time."""
    history, estimates = History(), _Numbered()
    for i in range(1, 100_001):
        history.keep(10.0 * i, cast(Estimates, estimates))

    times = [kept.t_s for kept in history.kept]
    assert len(times) <= 1024
    assert times == sorted(times)
    assert times[0] == 10.0
    assert times[-360:] == [10.0 * i for i in range(100_000 - 359, 100_001)]
    before = history.before(1_000_000.0 - 3000.0)
    assert before is not None
    assert before.t_s == 1_000_000.0 - 3010.0
