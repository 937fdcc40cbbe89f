"""The whole stand-in: the engine, its users, the faults in force, and what was asked of it."""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.local.oracle.engine import OracleEngine
from connector.local.oracle.errors import TEXTS, OracleError
from connector.local.oracle.faults import Fault, Faults
from connector.local.oracle.logs import Log
from connector.local.oracle.redo import OPERATIONS, RedoRow
from connector.local.oracle.rights import SYS, Rights
from connector.local.oracle.statements import Statement, StatementList, normal

if TYPE_CHECKING:
    from connector.local.oracle.connection import Connection

#: The user under whose name the WMS application works.
APPLICATION = "WMS_APP"


class StandIn:
    """What all connections share."""

    application = APPLICATION

    def __init__(
        self,
        directory: Path,
        engine: OracleEngine,
        statements: StatementList[Any],
        dba: StatementList[Any],
        own_words: Callable[["Connection", str], bool],
    ) -> None:
        self.engine = engine
        self.statements = statements
        self.dba = dba
        self.own_words = own_words
        self.rights = Rights(directory)
        #: Profile -> its PASSWORD_ROLLOVER_TIME, in days.
        self.rollover_days: dict[str, float] = {}
        self.faults = Faults()
        self._lock = threading.Lock()
        #: Statement as the golden list keeps it -> its form, and the container in which it was sent first.
        self._seen: dict[str, dict[str, str | None]] = {}
        self._refused: list[str] = []

    def seen(
        self,
        statement: Statement[Any],
        match: re.Match[str],
        binds: Sequence[str | None],
        container: str | None,
    ) -> None:
        """Note that the connector sent a statement, with the container in which it first did."""
        kept = statement.kept(match, binds)
        with self._lock:
            self._seen.setdefault(kept, {"form": statement.text, "container": container})

    def refuse(self, sql: str) -> None:
        """Note a statement that has no answer."""
        with self._lock:
            if normal(sql) not in self._refused:
                self._refused.append(normal(sql))

    def service(self, name: str | None, sid: str | None) -> int | None:
        """None for a service or SID that the listener knows, else the code with which it refuses."""
        settings = self.engine.settings
        known = {one.upper() for one in (settings.dbname, settings.pdb) if one}
        if name is not None:
            return None if name.upper() in known else 12514
        return None if (sid or "").upper() == settings.dbname.upper() else 12505

    def container(self, name: str | None) -> str | None:
        """The container in which a connection to a service starts."""
        settings = self.engine.settings
        if settings.pdb is None:
            return None
        return settings.pdb if (name or "").upper() == settings.pdb.upper() else "CDB$ROOT"

    def admin(self, what: str, arguments: dict[str, Any]) -> Any:
        """What a test or fate does to the database, by name. ORA-00900 for a name that is not known."""
        do = getattr(self, f"_do_{what}", None)
        if do is None:
            known = ", ".join(sorted(name[4:] for name in dir(self) if name.startswith("_do_")))
            raise OracleError(900, f"ORA-00900: the stand-in cannot {what!r}; it can: {known}")
        return do(arguments)

    def _do_fault(self, arguments: dict[str, Any]) -> None:
        values = {key: arguments[key] for key in Fault.__dataclass_fields__ if key in arguments}
        fault = Fault(**values)
        if fault.code is not None and not fault.text and fault.code not in TEXTS:
            raise OracleError.unknown(f"the text of ORA-{fault.code:05d}: give it with the fault")
        self.faults.add(fault)

    def _do_clear_faults(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        return self.faults.clear()

    def _do_switch_log(self, _: dict[str, Any]) -> None:
        self.engine.switch_log()

    def _do_delete_archived(self, arguments: dict[str, Any]) -> None:
        with self.engine.lock:
            self.engine.logs.delete_archived(
                through_sequence=arguments.get("through_sequence"), before=arguments.get("before")
            )
            self.engine.store.flush()

    def _do_restore_archived(self, _: dict[str, Any]) -> None:
        with self.engine.lock:
            self.engine.logs.restore_archived()
            self.engine.store.flush()

    def _do_logs(self, _: dict[str, Any]) -> dict[str, Any]:
        logs = self.engine.logs
        return {
            "online": [_plain(log) for log in logs.online()],
            "archived": [_plain(log) for log in logs.archived()],
        }

    def _do_scn(self, _: dict[str, Any]) -> int:
        return self.engine.current_scn()

    def _do_transactions(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"xid": one.xid.hex(), "start_scn": one.start_scn, "changes": one.changes, "user": one.user}
            for one in self.engine.open_transactions()
        ]

    def _do_alter(self, arguments: dict[str, Any]) -> None:
        self.engine.alter(**arguments["state"])

    def _do_user(self, arguments: dict[str, Any]) -> None:
        self.rights.alter(
            arguments["name"],
            password=arguments.get("password"),
            locked=arguments.get("locked"),
            expired=arguments.get("expired"),
        )

    def _do_logons(self, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        return [asdict(each) for each in self.rights.logons(arguments["name"])]

    def _do_users(self, _: dict[str, Any]) -> list[str]:
        return [*self.rights.users()]

    def _do_grants(self, arguments: dict[str, Any]) -> list[str]:
        return [*self.rights.grants(arguments["name"])]

    def _do_redo(self, arguments: dict[str, Any]) -> int:
        row = {"scn": 0, "timestamp": 0.0, "xid": b"", "sql_redo": None, **arguments["row"]}
        row.setdefault("operation", OPERATIONS.get(int(row["operation_code"]), "UNSUPPORTED"))
        return self.engine.inject_redo(RedoRow(**row))

    def _do_statements(self, _: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            return {
                "seen": {text: dict(noted) for text, noted in self._seen.items()},
                "refused": [*self._refused],
            }

    def set_up(self, sys_password: str, application_password: str) -> None:
        """Make SYS and the application's user, unless they are there."""
        for name, password in ((SYS, sys_password), (APPLICATION, application_password)):
            try:
                self.rights.create(name, password, ("CREATE SESSION",))
            except OracleError as error:
                if error.code != 1920:
                    raise
                self.rights.alter(name, password=password)


def _plain(log: Log) -> dict[str, Any]:
    return asdict(log)
