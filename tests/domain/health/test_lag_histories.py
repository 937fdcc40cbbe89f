"""A long transaction's commit is no incident, whatever came before; a lag that lasts is one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.incident import Notification, advance
from connector.domain.health.observation import BrokerReading, Source
from connector.domain.health.remediation import Outcome
from connector.domain.health.state import HealthState
from connector.domain.health.verdict import decide
from tests.support.observations import NOW, WELL

SETTINGS = ConnectorSettings()
#: The lag that is a finding, in seconds.
LATE = 900


@dataclass(frozen=True)
class Read:
    """A change that the connector has read: when, and how long after it was made."""

    at: float
    age: float


def mails(reads: Sequence[Read], checks: Sequence[float]) -> list[float]:
    """When people are mailed about a lag, if a check is made at these times, some seconds each."""
    state, found = HealthState(), []
    for at in checks:
        before = [read for read in reads if read.at <= at]
        source = Source(streaming=True)
        if before:
            source = replace(
                source, seconds_behind_source=before[-1].age, seconds_since_last_event=at - before[-1].at
            )
        # The check's clock is read once it has looked at everything.
        now = at + 1 + int(at) % 9
        seen = replace(WELL, source=source, health_state=state, brokers=BrokerReading(newest=now - 3))
        after = advance(state, seen, decide(seen, SETTINGS, now), Outcome(), now)
        if after.notification is Notification.INCIDENT:
            found.append(at)
        state = after.state
    return found


def times(gaps: Sequence[float]) -> list[float]:
    return [NOW + sum(gaps[: number + 1]) for number in range(len(gaps))]


#: Seconds between two checks: by schedule, or by an event.
CHECKS = st.lists(st.integers(60, 1200), min_size=3, max_size=12).map(times)
#: Changes that are read at once: when after the one before, and for how long the transaction was open.
SHORT = st.lists(st.tuples(st.integers(1, 2000), st.integers(0, LATE - 60)), max_size=12)


@given(CHECKS, SHORT, st.integers(1, 6000), st.integers(LATE, 100_000))
def test_one_long_transaction_among_short_ones_is_never_mailed(
    checks: list[float], short: list[tuple[int, int]], commit: int, age: int
):
    reads = [
        Read(at, float(age)) for at, (_, age) in zip(times([gap for gap, _ in short]), short, strict=True)
    ]
    reads = sorted([*reads, Read(NOW + commit, float(age))], key=lambda read: read.at)
    assert mails(reads, checks) == []


@given(CHECKS, st.lists(st.tuples(st.integers(1, 900), st.integers(0, 20_000)), max_size=20))
def test_a_mail_has_two_late_changes_between_checks(checks: list[float], changes: list[tuple[int, int]]):
    """Whatever the history: one figure is never enough, however often it is read."""
    reads = [
        Read(at, float(age)) for at, (_, age) in zip(times([gap for gap, _ in changes]), changes, strict=True)
    ]
    for at in mails(reads, checks):
        late = [read for read in reads if read.age >= LATE and read.at <= at]
        assert len(late) >= 2


@given(st.integers(60, 600), st.integers(LATE, 100_000), st.integers(1, 30))
def test_a_lag_that_lasts_is_mailed_by_the_second_check(every: int, lag: int, rate: int):
    """Changes come all the time, each as late as the one before: the figure is the same, and is another's."""
    checks = times([every] * 3)
    reads = [Read(NOW + at, float(lag)) for at in range(0, 3 * every, rate)]
    assert mails(reads, checks) == [checks[1]]
