"""Whether a halt has ended although nobody took its mark away. Pure."""

from connector.domain.health.halt import HaltedBy
from connector.domain.health.observation import Observation

#: Connect shows the state from before a request for some seconds.
_SETTLED_SECONDS = 120


def has_ended(seen: Observation, now: float) -> bool:
    """Whether the connector runs in spite of the mark: somebody has started it by hand.

    After a refused login it must be connected too: RUNNING alone may mean that Connect could not be asked to
    stop it.
    """
    if seen.halt.by is None or seen.connector is None or not seen.connector.runs:
        return False
    connected = seen.source is not None and seen.source.connected
    return now - seen.halt.at > _SETTLED_SECONDS and (connected or seen.halt.by is not HaltedBy.LOGIN)
