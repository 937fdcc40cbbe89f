"""What a DBA runs as SYS: the statements of `wms-connector oracle-script`, and what takes them back.

Only what that script and the tests need; anything else is refused by name.
"""

import re

from connector.local.oracle.answers import dba
from connector.local.oracle.answers.dictionary import set_container
from connector.local.oracle.connection import AnswerRows, Binds, Connection
from connector.local.oracle.errors import OracleError

dba.add("alter session set container = <ident>", "alter session set container=<ident>")(set_container)


@dba.add('CREATE USER <ident1> IDENTIFIED BY "<text>" <where>')
def create_user(on: Connection, match: re.Match[str], _: Binds) -> int:
    """A user. Tablespace and quota are read and not kept: the stand-in has no tablespaces."""
    on.database.rights.create(match["ident1"].strip('"'), match["text"])
    return 0


@dba.add("GRANT <where> TO <ident1> CONTAINER=ALL", "GRANT <where> TO <ident1>")
def grant(on: Connection, match: re.Match[str], _: Binds) -> int:
    """Privileges, roles, and privileges on an object."""
    on.database.rights.grant(match["ident1"].strip('"'), _privileges(match["where"]))
    return 0


@dba.add("REVOKE <where> FROM <ident1> CONTAINER=ALL", "REVOKE <where> FROM <ident1>")
def revoke(on: Connection, match: re.Match[str], _: Binds) -> int:
    """Take them back."""
    on.database.rights.revoke(match["ident1"].strip('"'), _privileges(match["where"]))
    return 0


@dba.add('ALTER USER <ident1> IDENTIFIED BY "<text>"')
def set_password(on: Connection, match: re.Match[str], _: Binds) -> int:
    """Another password."""
    on.database.rights.alter(match["ident1"].strip('"'), password=match["text"])
    return 0


@dba.add(
    "CREATE PROFILE <ident1> LIMIT FAILED_LOGIN_ATTEMPTS 10 PASSWORD_ROLLOVER_TIME <count> CONTAINER=ALL"
)
def create_profile(on: Connection, match: re.Match[str], _: Binds) -> int:
    """A profile that lets the password before stay valid for so many days (SQL Language Reference 19c).

    Ten refused logins in a row lock every account here, so no other limit is understood.
    """
    on.database.rollover_days[match["ident1"].strip('"').upper()] = float(match["count"])
    return 0


@dba.add("ALTER USER <ident1> PROFILE <ident2> CONTAINER=ALL")
def set_profile(on: Connection, match: re.Match[str], _: Binds) -> int:
    """Another profile. ORA-02380 for one that does not exist."""
    profile = match["ident2"].strip('"').upper()
    if profile not in on.database.rollover_days:
        raise OracleError(2380, f"ORA-02380: profile {profile} does not exist")
    on.database.rights.roll_over(match["ident1"].strip('"'), on.database.rollover_days[profile])
    return 0


@dba.add("ALTER USER <ident1> EXPIRE PASSWORD ROLLOVER PERIOD")
def end_rollover(on: Connection, match: re.Match[str], _: Binds) -> int:
    """The password before is valid no more."""
    on.database.rights.end_rollover(match["ident1"].strip('"'))
    return 0


@dba.add("ALTER USER <ident1> ACCOUNT <ident2>")
def set_lock(on: Connection, match: re.Match[str], _: Binds) -> int:
    """ACCOUNT LOCK or ACCOUNT UNLOCK."""
    on.database.rights.alter(match["ident1"].strip('"'), locked=match["ident2"].upper() == "LOCK")
    return 0


@dba.add("ALTER USER <ident1> PASSWORD EXPIRE")
def expire(on: Connection, match: re.Match[str], _: Binds) -> int:
    """The password has to be changed before the next login."""
    on.database.rights.alter(match["ident1"].strip('"'), expired=True)
    return 0


@dba.add("ALTER DATABASE ADD SUPPLEMENTAL LOG DATA")
def add_supplemental(on: Connection, *_: object) -> int:
    """Minimal supplemental logging."""
    on.engine.alter(minimal_supplemental=True)
    return 0


@dba.add("ALTER DATABASE DROP SUPPLEMENTAL LOG DATA")
def drop_supplemental(on: Connection, *_: object) -> int:
    """Off again."""
    on.engine.alter(minimal_supplemental=False)
    return 0


@dba.add("ALTER SYSTEM SWITCH LOGFILE", "ALTER SYSTEM ARCHIVE LOG CURRENT")
def switch(on: Connection, *_: object) -> int:
    """Begin the next redo log; the old one is archived."""
    on.engine.switch_log()
    return 0


@dba.add("CREATE TABLESPACE <ident> <where>")
def tablespace(*_: object) -> int:
    """Nothing: the stand-in has no tablespaces."""
    return 0


@dba.add("SELECT log_mode, supplemental_log_data_min FROM v$database")
def proof(on: Connection, *_: object) -> AnswerRows:
    """What the script's proof asks of the database."""
    values = (
        "ARCHIVELOG" if on.engine.state["archivelog"] else "NOARCHIVELOG",
        "YES" if on.engine.state["minimal_supplemental"] else "NO",
    )
    return AnswerRows.of([("LOG_MODE", "VARCHAR2"), ("SUPPLEMENTAL_LOG_DATA_MIN", "VARCHAR2")], values)


def _privileges(text: str) -> list[str]:
    what, _, thing = text.upper().partition(" ON ")
    suffix = f" ON {thing.strip()}" if thing else ""
    return [f"{one.strip()}{suffix}" for one in what.split(",")]
