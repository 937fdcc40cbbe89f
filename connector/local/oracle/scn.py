"""The system change number: one count for the whole database, which never goes back.

A block of numbers is written down as used before the first of it is given out; after a kill the count goes on
behind the block. Once a second at most, the time of a number is noted, which is what SCN_TO_TIMESTAMP and
TIMESTAMP_TO_SCN answer from (Oracle notes it every 3 seconds: *SQL Language Reference* 19c,
SCN_TO_TIMESTAMP).
"""

from collections.abc import Callable
from typing import Final

from connector.local.oracle.errors import OracleError
from connector.local.oracle.storage import Store

#: A new database begins here, far from any other number in a test.
FIRST: Final = 2_000_000
_BLOCK: Final = 20_000
#: One chunk of a statement may use so many before the next block is asked for.
_RESERVE: Final = 8_000


class ScnClock:
    """The caller holds the engine's lock."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._reserved = int(store.get("scn", FIRST))
        self.last = self._reserved
        found = store.writer.execute("SELECT time FROM times ORDER BY scn DESC LIMIT 1").fetchone()
        self._noted: float = found[0] if found else 0.0
        self._now = self._noted
        self.ensure()

    def now(self) -> float:
        """The clock in seconds since 1970, which never goes back either."""
        self._now = max(self._now, self._clock())
        return self._now

    def ensure(self) -> None:
        """Reserve the next block when this one ends.

        Flushes, so never call it in the middle of an atomic step.
        """
        if self._reserved - self.last < _RESERVE:
            self._reserved = self.last + _BLOCK
            self._store.put("scn", self._reserved)
            self._store.flush()

    def next(self) -> int:
        """The next number."""
        self.last += 1
        if self.last > self._reserved:
            raise AssertionError("more numbers in one step than were reserved")
        now = self.now()
        if now - self._noted >= 1 or not self._noted:
            self._noted = now
            self._store.write("INSERT OR REPLACE INTO times VALUES (?, ?)", (self.last, now))
        return self.last

    def settle(self) -> None:
        """Write down the exact number at a clean end, so that the next start leaves no gap."""
        self._store.put("scn", self.last)
        self._reserved = self.last

    def at(self, epoch: float) -> int:
        """The number at a time. ORA-08180 before the first note or in the future."""
        if epoch > self.now():
            raise OracleError.of(8180)
        query = self._store.writer.execute
        noted = query(
            "SELECT scn, time FROM times WHERE time <= ? ORDER BY time DESC, scn DESC LIMIT 1", (epoch,)
        ).fetchone()
        if not noted:
            raise OracleError.of(8180)
        if epoch - noted[1] < 1:
            return int(noted[0])
        # A second after a note the next number makes a new one: what lies between them is older
        # than that second.
        following = query("SELECT MIN(scn) FROM times WHERE scn > ?", (noted[0],)).fetchone()[0]
        return self.last if following is None else int(following) - 1

    def time_of(self, scn: int) -> float:
        """The noted time at or before a number. ORA-08181 before the first note or beyond the last number."""
        if scn > self.last:
            raise OracleError.of(8181)
        found = self._store.writer.execute(
            "SELECT time FROM times WHERE scn <= ? ORDER BY scn DESC LIMIT 1", (scn,)
        ).fetchone()
        if not found:
            raise OracleError.of(8181)
        return float(found[0])
