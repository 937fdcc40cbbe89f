"""The lag of the source now, computed from Debezium's metrics. Pure."""

#: A heartbeat or a change is recent for at least so many seconds, and for three heartbeat intervals.
LATELY_SECONDS = 300


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
