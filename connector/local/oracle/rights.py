"""Who may log in and what each user may use: enforced, so that a missing grant shows as it does in Oracle.

Users, their passwords' fingerprints and grants are one JSON file beside the data. Privileges are checked by
name only: a view by `V_$LOG` or SELECT_CATALOG_ROLE (the role has SELECT on the V_$ views: Database Security
Guide, "Predefined Roles"), a package by EXECUTE on it or EXECUTE_CATALOG_ROLE, a table by its owner or
SELECT. What every user may read (ALL_ and USER_ views, NLS_DATABASE_PARAMETERS, DUAL, DBMS_METADATA) is
granted to PUBLIC in Oracle.
"""

import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from connector.local.oracle.errors import OracleError

SYS = "SYS"
_DAY = 24 * 3600.0
#: Oracle's default of FAILED_LOGIN_ATTEMPTS in the profile DEFAULT (Database Security Guide, "Configuring
#: Authentication").
FAILED_LOGIN_ATTEMPTS = 10

#: DBMS_LOGMNR and the V_$ views belong to SYS; a missing right on a package is a compile error of the block.
_PACKAGE_MISSING = (
    "ORA-06550: line 1, column 7:\nPLS-00201: identifier '{name}' must be declared\n"
    "ORA-06550: line 1, column 7:\nPL/SQL: Statement ignored"
)


@dataclass
class User:
    """One user. `grants` are privileges, roles, and `PRIVILEGE ON OBJECT`."""

    fingerprint: str = field(repr=False)
    grants: list[str] = field(default_factory=list)
    locked: bool = False
    expired: bool = False
    refused: int = 0
    #: For how many days the password before stays valid (PASSWORD_ROLLOVER_TIME of the user's profile), that
    #: password's fingerprint, and until when it is valid, in seconds since 1970.
    rollover_days: float = 0
    before: str = field(default="", repr=False)
    before_until: float = 0

    def takes(self, fingerprint: str, now: float) -> bool:
        """Whether a password is valid: the current one, or within its time the one before.

        "During the rollover period of time, the application instance can use either the old password or the
        new password" (Database New Features 19c, "Gradual Database Password Rollover for Applications").
        """
        valid = [self.fingerprint, *([self.before] if self.before and now < self.before_until else [])]
        return any(hmac.compare_digest(each, fingerprint) for each in valid)


@dataclass(frozen=True)
class Logon:
    """One try to log in. `at` is in seconds since 1970; `code` is 0 for one that succeeded."""

    user: str
    at: float
    code: int = 0


class Rights:
    """All users. Methods that refuse raise OracleError."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "users.json"
        self._lock = threading.Lock()
        self._users: dict[str, User] = {}
        self._tried: list[Logon] = []
        if self._file.exists():
            found = json.loads(self._file.read_text(encoding="utf-8"))
            self._users = {name: User(**values) for name, values in found.items()}

    def create(self, name: str, password: str, grants: Iterable[str] = ()) -> None:
        """Make a user. ORA-01920 if there is one of the name."""
        with self._lock:
            if name.upper() in self._users:
                raise OracleError(
                    1920, f"ORA-01920: user name '{name}' conflicts with another user or role name"
                )
            self._users[name.upper()] = User(_fingerprint(password), [*grants])
            self._save()

    def alter(
        self,
        name: str,
        *,
        password: str | None = None,
        locked: bool | None = None,
        expired: bool | None = None,
    ) -> None:
        """Change a user. ORA-01918 if there is none of the name."""
        with self._lock:
            user = self._user(name)
            if password is not None:
                user.before, user.before_until = "", 0
                if user.rollover_days:
                    user.before = user.fingerprint
                    user.before_until = time.time() + user.rollover_days * _DAY
                user.fingerprint, user.expired = _fingerprint(password), False
            if locked is not None:
                user.locked, user.refused = locked, 0
            if expired is not None:
                user.expired = expired
            self._save()

    def roll_over(self, name: str, days: float) -> None:
        """Give a user a profile with this PASSWORD_ROLLOVER_TIME, which counts from the next new password."""
        with self._lock:
            self._user(name).rollover_days = days
            self._save()

    def end_rollover(self, name: str) -> None:
        """EXPIRE PASSWORD ROLLOVER PERIOD: only the new password is valid from now on."""
        with self._lock:
            user = self._user(name)
            user.before, user.before_until = "", 0
            self._save()

    def grant(self, name: str, privileges: Iterable[str]) -> None:
        """Give a user privileges."""
        with self._lock:
            user = self._user(name)
            user.grants = sorted({*user.grants, *(one.upper() for one in privileges)})
            self._save()

    def revoke(self, name: str, privileges: Iterable[str]) -> None:
        """Take privileges from a user. ORA-01927 for one that was not granted."""
        with self._lock:
            user = self._user(name)
            for one in privileges:
                if one.upper() not in user.grants:
                    raise OracleError(1927, "ORA-01927: cannot REVOKE privileges you did not grant")
                user.grants.remove(one.upper())
            self._save()

    def users(self) -> tuple[str, ...]:
        """The names of all users."""
        with self._lock:
            return tuple(self._users)

    def grants(self, name: str) -> tuple[str, ...]:
        """What a user was granted."""
        with self._lock:
            return tuple(self._user(name).grants)

    def login(self, name: str, password: str) -> None:
        """Let a user in: ORA-01017, 28000 (locked), 28001 (expired), 01045 (no CREATE SESSION).

        Each try is kept, as the unified audit trail keeps it (UNIFIED_AUDIT_TRAIL with ACTION_NAME LOGON and
        its RETURN_CODE: Database Reference), but for this process only.
        """
        try:
            self._login(name, password)
        except OracleError as error:
            self._tried.append(Logon(name.upper(), time.time(), error.code))
            raise
        self._tried.append(Logon(name.upper(), time.time()))

    def logons(self, name: str) -> list[Logon]:
        """Every try to log in as a user since the database was started, the oldest first."""
        return [each for each in self._tried if each.user == name.upper()]

    def _login(self, name: str, password: str) -> None:
        with self._lock:
            user = self._users.get(name.upper())
            if user is not None and user.locked:
                raise OracleError.of(28000)
            if user is None or not user.takes(_fingerprint(password), time.time()):
                if user is not None:
                    user.refused += 1
                    user.locked = user.refused >= FAILED_LOGIN_ATTEMPTS
                    self._save()
                raise OracleError.of(1017)
            if user.expired:
                raise OracleError.of(28001)
            if name.upper() != SYS and "CREATE SESSION" not in user.grants:
                raise OracleError(
                    1045, f"ORA-01045: user {name.upper()} lacks CREATE SESSION privilege; logon denied"
                )
            if user.refused:
                user.refused = 0
                self._save()

    def has(self, name: str, privilege: str) -> bool:
        """Whether a user has a privilege, by name. SYS has all."""
        return name.upper() == SYS or privilege.upper() in self._users[name.upper()].grants

    def check_system(self, name: str, privilege: str) -> None:
        """ORA-01031 unless the user has a system privilege."""
        if not self.has(name, privilege):
            raise OracleError.of(1031)

    def check_object(self, name: str, thing: str) -> None:
        """ORA-00942 for a view of SYS, ORA-06550 with PLS-00201 for a package, that the user may not use."""
        if thing.startswith(("V_$", "GV_$")):
            if not self._any(name, f"SELECT ON {thing}", f"SELECT ON SYS.{thing}", "SELECT_CATALOG_ROLE"):
                raise OracleError.of(942)
        elif thing.startswith("DBMS_LOGMNR") and not self._any(
            name, f"EXECUTE ON {thing}", f"EXECUTE ON SYS.{thing}", "EXECUTE_CATALOG_ROLE"
        ):
            raise OracleError(6550, _PACKAGE_MISSING.format(name=f"SYS.{thing}"))

    def may(self, name: str, privilege: str, owner: str, table: str) -> bool:
        """Whether a user may do something to a table: its owner may all."""
        return name.upper() == owner.upper() or self._any(name, f"{privilege} ON {owner}.{table}")

    def check_table(self, name: str, privilege: str, owner: str, table: str) -> None:
        """ORA-00942 for a table that the user may not see at all, ORA-01031 for one with other rights."""
        if self.may(name, privilege, owner, table):
            return
        suffix = f" ON {owner}.{table}".upper()
        sees = any(grant.endswith(suffix) for grant in self._users[name.upper()].grants)
        raise OracleError.of(1031 if sees else 942)

    def _any(self, name: str, *privileges: str) -> bool:
        return any(self.has(name, privilege) for privilege in privileges)

    def _user(self, name: str) -> User:
        if name.upper() not in self._users:
            raise OracleError(1918, f"ORA-01918: user '{name}' does not exist")
        return self._users[name.upper()]

    def _save(self) -> None:
        new = self._file.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            json.dump({name: asdict(user) for name, user in self._users.items()}, output, indent=1)
        new.replace(self._file)


def _fingerprint(password: str) -> str:
    # Not a password's hash for the real world: it keeps the stand-in's own invented passwords out of its
    # file.
    return hashlib.sha256(f"stand-in:{password}".encode()).hexdigest()
