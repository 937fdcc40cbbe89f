"""What a test lets go wrong: an error, a lost connection or a silence at a statement, for so many times."""

import re
import threading
from dataclasses import asdict, dataclass
from typing import Any

from connector.local.oracle.errors import Disconnect, OracleError

#: Where a fault may strike beside a statement: at a login, and while rows are fetched.
CONNECT = "connect"


@dataclass
class Fault:
    """One thing that goes wrong.

    `at` is `connect` or a part of the statement as it was sent, in any case. `code` and `text` are the
    error's; `drop` closes the connection; `hang` is a silence in seconds; `listener` is the code with which
    the listener refuses. `times` is how often it happens, None for ever. `after_rows` lets a query answer
    that many rows first.
    """

    at: str
    code: int | None = None
    text: str = ""
    drop: bool = False
    hang: float = 0.0
    listener: int | None = None
    times: int | None = None
    after_rows: int | None = None
    seen: int = 0

    def strikes(self, where: str) -> bool:
        """Whether this is the place."""
        if CONNECT in (self.at, where):
            return self.at == where
        return self.at.lower() in where.lower()


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._cleared = threading.Event()

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> list[dict[str, Any]]:
        """End every fault, a silence that lasts included; answers them with how often each was seen."""
        with self._lock:
            ended, self._faults = self._faults, []
            self._cleared.set()
            self._cleared = threading.Event()
        return [asdict(fault) for fault in ended]

    def take(self, where: str, *, rows: bool = False) -> Fault | None:
        """The fault that strikes now, counted; `rows` asks for those that wait for rows."""
        with self._lock:
            for fault in self._faults:
                if (fault.after_rows is not None) == rows and fault.strikes(where):
                    fault.seen += 1
                    if fault.times is not None and fault.seen >= fault.times:
                        self._faults.remove(fault)
                    return fault
        return None

    def strike(self, fault: Fault, timeout: float | None = None) -> None:
        """Let it happen.

        Raises OracleError or Disconnect; returns after a silence. A silence beyond the statement's `timeout`
        (seconds) ends as the driver's cancelling ends it in Oracle: ORA-01013.
        """
        if fault.hang:
            cleared, cut = self._cleared, timeout is not None and 0 < timeout < fault.hang
            cleared.wait(timeout if cut else fault.hang)
            if cut and not cleared.is_set():
                raise OracleError.of(1013)
        if fault.drop:
            raise Disconnect
        if fault.code is not None:
            text = fault.text or str(OracleError.of(fault.code))
            raise OracleError(
                fault.code, text if text.startswith("ORA-") else f"ORA-{fault.code:05d}: {text}"
            )


def literals_hidden(statement: str) -> str:
    """A statement without the values in it, for a log: texts in quotes become '…'."""
    return re.sub(r"'(?:[^']|'')*'", "'…'", statement)
