"""How long the archived redo log still reaches back to the connector's position. Pure.

`archived_log_hours` of the stage's settings says for how long the DBA keeps an archived log after it was
written. The log that holds a position is written after the database has passed the position. So it is deleted
when the position is that old, or later: the figure never says that more time is left than there is.
"""

from dataclasses import dataclass

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.observation import POSITION_PROBE, Observation
from connector.domain.health.scn import Age, Position, ScnMemory
from connector.domain.health.state import HealthState

#: What is missing while the stage's settings do not say how long the archived log is kept.
NO_RETENTION = "not known: connector.archived_log_hours in the stage's config.yaml is not set"


@dataclass(frozen=True)
class Headroom:
    """What is left by the position's age, in minutes; 0 or less: its archived log is deleted, or may be.

    `minutes`: so many at least, and more than that by one check at most. `at_most`: so many at most, where
    it is not known how old the position can be. If both are None nothing is known, and `text` says why.
    """

    text: str
    minutes: float | None = None
    at_most: float | None = None
    #: Nothing in the log is needed: a start begins with the initial snapshot.
    nothing_to_lose: bool = False

    @property
    def shown(self) -> float | None:
        """The figure to judge and to publish: the safe one, else the one that certainly is too high."""
        return self.at_most if self.minutes is None else self.minutes

    @property
    def gone(self) -> bool:
        """Whether the position is known to be lost, or to be lost before the next check; not if unknown."""
        left = self.shown
        return left is not None and left <= 0


def remembered(state: HealthState | None, seen: Observation, now: float) -> ScnMemory:
    """What the next check has to know of the database's SCN."""
    memory = (state or HealthState()).scn.with_sightings(seen.scn_sightings, now)
    position = seen.position
    if position is not None:
        if position.begins_again and position.scn is not None and seen.snapshot_since is not None:
            memory = memory.with_snapshot(position.scn, seen.snapshot_since, now)
        memory = memory.with_position(position, now)
    return memory.bounded(now)


def judged(seen: Observation, settings: ConnectorSettings, now: float) -> Headroom | None:
    """What is left; None where nothing is to be judged: no retention is known, and nobody has seen an SCN."""
    hours = settings.archived_log_hours
    memory = remembered(seen.health_state, seen, now)
    if not hours and not _has_scn(seen, memory):
        return None
    if seen.health_state is None:
        return Headroom("not known: what the health check remembers cannot be read")
    position = seen.position
    if position is None:
        return _unread(seen, memory, hours, now)
    if position.begins_again:
        return _beginning(seen, memory, hours, now)
    if position.scn is None:
        return Headroom("not known: Connect has stored a position without an SCN")
    newest = max((scn for _, scn in seen.scn_sightings), default=None)
    if newest is not None and newest < position.scn:
        return Headroom(
            f"not known: the connector's position, SCN {position.scn}, is ahead of the database's SCN "
            f"{newest}; check whether the database was restored or replaced"
        )
    back = seen.health_state.scn.went_back(seen.scn_sightings)
    reset = "" if back is None else f"the database's SCN went back from {back[0]} to {back[1]}, and "
    return _left(memory.age(position.scn, now), position.scn, hours, reset)


def _has_scn(seen: Observation, memory: ScnMemory) -> bool:
    stored = seen.position is not None and seen.position.scn is not None
    return stored or memory.seen is not None or memory.position is not None


def _beginning(seen: Observation, memory: ScnMemory, hours: int, now: float) -> Headroom:
    """While the initial snapshot runs, its SCN is where the connector will read on."""
    if seen.snapshot_since is None:
        return Headroom(
            "no position can be lost: a start begins with the initial snapshot", nothing_to_lose=True
        )
    scn = (seen.position or Position()).scn
    dated = Age() if scn is None else memory.age(scn, now)
    most = now - seen.snapshot_since if dated.most is None else dated.most
    return _left(Age(dated.least, most), scn, hours)


def _unread(seen: Observation, memory: ScnMemory, hours: int, now: float) -> Headroom:
    """Without a worker or a connector nothing moves the position that was read last; else it may move."""
    reason = seen.probe_errors.get(POSITION_PROBE) or seen.connect_answers or "it was not checked"
    if memory.position is None:
        return Headroom(f"not known: the connector's position cannot be read: {reason}")
    at, scn = memory.position
    room = _left(memory.age(scn, now), scn, hours)
    no_worker = seen.no_service or (seen.service is not None and seen.service.running == 0)
    no_connector = (
        seen.connect_answers == "" and seen.connector is None and "connector" not in seen.probe_errors
    )
    if no_worker or no_connector:
        return room
    ago = max(0.0, now - at) / 60
    return Headroom(
        f"not known: the connector's position cannot be read: {reason}; "
        f"{ago:.0f} minutes ago it was SCN {scn}, and if it has not moved since: {room.text}"
    )


def _left(age: Age, scn: int | None, hours: int, reset: str = "") -> Headroom:
    """What an age leaves of the retention; `reset` says in a clause what else happened to the database."""
    place = "" if scn is None else f"SCN {scn}, "
    if age.most is None:
        old = f"at least {age.least / 60:.0f} minutes old" if age.least else "of unknown age"
        why = f"{reset}the position ({place}{old}) is older than all that the health check remembers"
        if not hours:
            return Headroom(f"{NO_RETENTION}; {why}")
        left = hours * 60 - age.least / 60
        return Headroom(f"not known, but at most {max(0, left):.0f} minutes are left: {why}", at_most=left)
    old = f"at most {age.most / 60:.0f} minutes old"
    if not hours:
        return Headroom(f"{NO_RETENTION}; the connector's position is {place}{old}")
    left = hours * 60 - age.most / 60
    return Headroom(
        f"{reset}archived log reaches {left:.0f} minutes further back than the connector's position "
        f"({place}{old})",
        left,
    )
