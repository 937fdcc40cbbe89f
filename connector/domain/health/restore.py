"""What a change of the connector's position means: what is sent twice, lost, or not known. Pure."""

from dataclasses import dataclass

from connector.domain.health.scn import Position, ScnMemory

_FOR_DBA = (
    "ask the DBA whether this has a row: SELECT NAME FROM V$ARCHIVED_LOG WHERE {scn} BETWEEN FIRST_CHANGE# "
    "AND NEXT_CHANGE# AND DELETED = 'NO' UNION ALL SELECT TO_CHAR(GROUP#) FROM V$LOG WHERE {scn} BETWEEN "
    "FIRST_CHANGE# AND NEXT_CHANGE#"
)
RESET = (
    "the stored position is deleted: the next start reads every row of all captured tables again, as records "
    "with operation r, and no record shows rows that are deleted until then"
)


@dataclass(frozen=True)
class Consequence:
    """What a change of the position means. With a `refusal` it is not made.

    With a `doubt` only if an operator says that the position was checked with the DBA.
    """

    meaning: str
    refusal: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Known:
    """What is known of the database: its SCN now, None while no task reads it, and what checks remember.

    `hours`: for how long archived log is kept, 0 if that is not known. `now` is in seconds since 1970.
    """

    memory: ScnMemory
    hours: int
    now: float
    scn: int | None = None

    def passed(self, scn: int, present: Position | None) -> bool:
        """Whether the database has certainly reached an SCN: it, or a position that was read from it."""
        seen = None if self.memory.seen is None else self.memory.seen[1]
        reached = (self.scn, seen, None if present is None else present.scn)
        return any(each is not None and scn <= each for each in reached)


def restoring(present: Position | None, wanted: Position, known: Known) -> Consequence:
    """Moving to another position."""
    scn = wanted.scn
    if wanted.begins_again:
        return Consequence("the next start begins with the initial snapshot: " + RESET.partition(": ")[2])
    if scn is None:
        return Consequence("the stored position has no SCN, so nobody can say what is sent twice or left out")
    meaning = _moved(None if present is None else present.scn, scn)
    if not known.passed(scn, present):
        if known.scn is not None:
            return Consequence(meaning, refusal=f"SCN {scn} is ahead of the database's, which is {known.scn}")
        return Consequence(meaning, doubt=_doubt(scn, "it is ahead of all that is known of the database"))
    age, hours, kept = known.memory.age(scn, known.now), known.hours, known.hours * 3600
    if not hours:
        unknown = "connector.archived_log_hours in the stage's config.yaml is not set"
        return Consequence(meaning, doubt=_doubt(scn, unknown))
    if age.least >= kept:
        old = f"it is at least {age.least / 60:.0f} minutes old, and archived log is kept {hours} hours"
        return Consequence(meaning, refusal=f"the archived log of SCN {scn} is deleted: {old}")
    if age.most is None or age.most >= kept:
        return Consequence(meaning, doubt=_doubt(scn, "the health check has not seen how old it is"))
    left = (kept - age.most) / 60
    return Consequence(f"{meaning}; its archived log is kept for {left:.0f} more minutes")


def _moved(present: int | None, scn: int) -> str:
    if present is None:
        return f"the connector starts at SCN {scn}"
    if scn == present:
        return f"the position stays SCN {scn}"
    if scn < present:
        return (
            f"the position goes back from SCN {present} to {scn}: the changes between are sent a second time"
        )
    return f"the position goes forward from SCN {present} to {scn}: the changes between never reach a topic"


def _doubt(scn: int, why: str) -> str:
    return f"nobody knows whether the redo log of SCN {scn} is still there: {why}; {_FOR_DBA.format(scn=scn)}"
