"""The lag of the source now, computed from Debezium's metrics. Pure."""

#: A heartbeat or a change is recent for at least so many seconds, and for three heartbeat intervals.
LATELY_SECONDS = 300
#: How long a check may take, in seconds: its clock is read at its end, Debezium's figures before.
_CHECK_SECONDS = 20


def staleness_limit(heartbeat_seconds: int) -> float:
    """For how many seconds it is normal that no heartbeat and no change arrive."""
    return max(LATELY_SECONDS, 3 * heartbeat_seconds)


def lag_now(
    seconds_behind_source: float | None,
    seconds_since_last_event: float | None,
    staleness_limit_seconds: float,
    heartbeat_age: float | None,
) -> float | None:
    """The lag in seconds; None when it is unknown.

    Debezium measures the lag with each change and keeps the value, so on a quiet database the value is old.
    While heartbeats arrive, everything was read and the lag is 0. `heartbeat_age` is None if it was not read.
    """
    if seconds_since_last_event is None or seconds_since_last_event <= staleness_limit_seconds:
        return seconds_behind_source
    quiet = (
        seconds_behind_source is not None
        and heartbeat_age is not None
        and heartbeat_age <= staleness_limit_seconds
    )
    return 0.0 if quiet else None


def milliseconds(lag: float) -> int:
    """A lag in seconds as Debezium measures it."""
    return round(1000 * lag)


def same_reading(
    before: tuple[int, int | None], lag: float | None, seconds_since_last_event: float | None, now: float
) -> bool:
    """Whether the lag is that of the change which the check before saw last.

    `before`: when that check was made, and its lag in milliseconds. Debezium measures from when a change was
    made, not from its commit. So the commit of a transaction that was open for long looks like a lag as old
    as the transaction, until the next change (31 s after 30 s were seen with Debezium 3.6.1.Final). On a
    quiet database several checks read this one figure.
    """
    at, known = before
    if known is None or lag is None or seconds_since_last_event is None:
        return False
    return milliseconds(lag) == known and now - seconds_since_last_event <= at + _CHECK_SECONDS
