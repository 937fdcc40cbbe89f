"""How many stages can read the redo of one database: the sum, and an example of it.

Each stage's connector has a LogMiner session of its own, which reads all redo of the database, whatever
tables it captures. Oracle documents no quota for that: what ends it is a limit of the database or its spare
capacity.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor

#: Sessions of the database that one connector keeps open (`python -m tests.bench.database_sessions`).
SESSIONS_OF_A_STAGE = 2


@dataclass(frozen=True)
class Database:
    """What a DBA reads off a database at its busiest hour.

    Redo in MB/s, what is free of CPU in cores and of reads from the redo's disks in MB/s.
    `core_seconds_per_mb`: CPU that one LogMiner session takes for each MB of redo.
    """

    processes: int
    processes_used: int
    redo_mb_per_second: float
    core_seconds_per_mb: float
    free_cores: float
    free_mb_per_second: float

    @property
    def sessions(self) -> int:
        """The default of SESSIONS (Oracle Database Reference, "SESSIONS")."""
        return floor(1.5 * self.processes) + 22

    @property
    def keeps_up(self) -> bool:
        """Whether a session can read redo as fast as it is written: it uses one core at most."""
        return self.redo_mb_per_second * self.core_seconds_per_mb < 1


@dataclass(frozen=True)
class Reader:
    """What the database has of something, what one stage takes of it, and how many stages that allows."""

    what: str
    free: float
    takes: float

    @property
    def stages(self) -> int:
        """The stages that fit."""
        # What is 0.3 ÷ 0.1 in the sum is 3, and not 2 as in binary fractions.
        return floor(round(self.free / self.takes, 9))


#: The worked example: what is assumed of a database. Nothing of it was measured on Oracle.
EXAMPLE = Database(
    processes=600,
    processes_used=450,
    redo_mb_per_second=2.0,
    core_seconds_per_mb=0.1,
    free_cores=2.0,
    free_mb_per_second=100.0,
)


def readers(database: Database) -> Sequence[Reader]:
    """The limits of a database, the one that is reached first at the top."""
    redo = database.redo_mb_per_second
    found = (
        Reader("server processes", database.processes - database.processes_used, SESSIONS_OF_A_STAGE),
        Reader("cores", database.free_cores, redo * database.core_seconds_per_mb),
        Reader("reads of redo, MB/s", database.free_mb_per_second, redo),
    )
    return sorted(found, key=lambda reader: reader.stages)


#: How each of the sums is written.
FORMULAS: Mapping[str, str] = {
    "server processes": "(`PROCESSES` − in use) ÷ *s*",
    "cores": "free cores ÷ (*R* × *c*)",
    "reads of redo, MB/s": "free MB/s ÷ *R*",
}


def rows() -> list[tuple[str, ...]]:
    """The example as a table: a row for each limit."""
    return [
        (reader.what, FORMULAS[reader.what], f"{reader.free:g} ÷ {reader.takes:g}", f"**{reader.stages}**")
        for reader in readers(EXAMPLE)
    ]


def first_limit(quotas: Sequence[tuple[str, int]]) -> str:
    """Which ends first, in one line; `quotas`: what AWS allows and how many stages, the least first."""
    (aws, most), reader = quotas[0], readers(EXAMPLE)[0]
    later = next(
        (f"{what} ({stages} stages)" for what, stages in quotas if stages > reader.stages), "nothing"
    )
    if most <= reader.stages:
        return (
            f"AWS ends it first: {aws}, at {most} stages. With that quota raised, the database of the "
            f"example does, at {reader.stages} ({reader.what}), before {later}"
        )
    return (
        f"The database of the example ends it first: {reader.what}, at {reader.stages} stages; "
        f"then {aws}, at {most}"
    )
