"""How far the source lies behind now, as far as Debezium's numbers show. Pure."""

#: A heartbeat, or a change, counts as lately for this long, in seconds, and for three heartbeats' time.
LATELY_SECONDS = 300


def staleness_limit(heartbeat_seconds: int) -> float:
    """For how long, in seconds, a silence means nothing yet."""
    return max(LATELY_SECONDS, 3 * heartbeat_seconds)


def lag_now(
    seconds_behind_source: float | None,
    seconds_since_last_event: float | None,
    staleness_limit_seconds: float,
    heartbeat_age: float | None,
) -> float | None:
    """The lag in seconds; None when nobody knows.

    Debezium measures that with each change and then keeps the value: while the database is quiet it says
    what was once. Where heartbeats still arrive, there is nothing left to read; `heartbeat_age` is None
    where that was not read.
    """
    if seconds_since_last_event is None or seconds_since_last_event <= staleness_limit_seconds:
        return seconds_behind_source
    quiet = (
        seconds_behind_source is not None
        and heartbeat_age is not None
        and heartbeat_age <= staleness_limit_seconds
    )
    return 0.0 if quiet else None
