"""Users of the stand-in: logins, and the rights that Oracle would ask for."""

from pathlib import Path

import pytest

from connector.local.oracle.errors import OracleError
from connector.local.oracle.rights import FAILED_LOGIN_ATTEMPTS, SYS, Rights


@pytest.fixture
def rights(tmp_path: Path) -> Rights:
    """One user who may log in."""
    made = Rights(tmp_path)
    made.create("C##WMSCDC", "right", ("CREATE SESSION",))
    made.create(SYS, "boss", ())
    return made


def code(error: pytest.ExceptionInfo[OracleError]) -> int:
    """The number."""
    return error.value.code


def test_a_refused_login_counts_and_the_tenth_locks_the_account(rights: Rights) -> None:
    for _ in range(FAILED_LOGIN_ATTEMPTS):
        with pytest.raises(OracleError) as refused:
            rights.login("c##wmscdc", "wrong")
        assert code(refused) == 1017
    with pytest.raises(OracleError) as locked:
        rights.login("C##WMSCDC", "right")
    assert code(locked) == 28000
    rights.alter("C##WMSCDC", locked=False)
    rights.login("C##WMSCDC", "right")


def test_a_login_that_succeeds_forgets_those_that_were_refused(rights: Rights) -> None:
    for _ in range(3):
        for _ in range(FAILED_LOGIN_ATTEMPTS - 1):
            with pytest.raises(OracleError):
                rights.login("C##WMSCDC", "wrong")
        rights.login("C##WMSCDC", "right")


def test_an_expired_password_and_a_missing_create_session_are_refused(rights: Rights) -> None:
    rights.alter("C##WMSCDC", expired=True)
    with pytest.raises(OracleError) as expired:
        rights.login("C##WMSCDC", "right")
    assert code(expired) == 28001
    rights.alter("C##WMSCDC", password="new")
    rights.login("C##WMSCDC", "new")
    rights.revoke("C##WMSCDC", ["CREATE SESSION"])
    with pytest.raises(OracleError, match="lacks CREATE SESSION") as missing:
        rights.login("C##WMSCDC", "new")
    assert code(missing) == 1045


@pytest.mark.parametrize(
    ("thing", "grant", "missing"),
    [
        ("V_$LOG", "SELECT ON V_$LOG", 942),
        ("V_$LOG", "SELECT_CATALOG_ROLE", 942),
        ("DBMS_LOGMNR", "EXECUTE ON DBMS_LOGMNR", 6550),
        ("DBMS_LOGMNR", "EXECUTE_CATALOG_ROLE", 6550),
    ],
)
def test_an_object_of_sys_takes_a_grant_on_it_or_the_role(
    rights: Rights, thing: str, grant: str, missing: int
) -> None:
    with pytest.raises(OracleError) as refused:
        rights.check_object("C##WMSCDC", thing)
    assert code(refused) == missing
    rights.grant("C##WMSCDC", [grant])
    rights.check_object("C##WMSCDC", thing)
    rights.check_object(SYS, thing)


def test_what_everybody_may_read_takes_no_grant(rights: Rights) -> None:
    rights.check_object("C##WMSCDC", "ALL_TABLES")
    rights.check_object("C##WMSCDC", "NLS_DATABASE_PARAMETERS")


def test_a_table_without_any_right_is_not_there_and_one_with_another_right_is_refused(rights: Rights) -> None:
    with pytest.raises(OracleError) as hidden:
        rights.check_table("C##WMSCDC", "SELECT", "WMS", "T")
    assert code(hidden) == 942
    rights.grant("C##WMSCDC", ["SELECT ON WMS.T"])
    rights.check_table("C##WMSCDC", "SELECT", "WMS", "T")
    with pytest.raises(OracleError) as refused:
        rights.check_table("C##WMSCDC", "FLASHBACK", "WMS", "T")
    assert code(refused) == 1031


def test_users_are_there_after_a_restart_and_no_password_is_in_the_file(
    rights: Rights, tmp_path: Path
) -> None:
    rights.grant("C##WMSCDC", ["LOGMINING"])
    again = Rights(tmp_path)
    again.login("C##WMSCDC", "right")
    assert again.has("C##WMSCDC", "LOGMINING")
    assert "right" not in (tmp_path / "users.json").read_text(encoding="utf-8")


def test_during_a_rollover_both_passwords_are_valid_and_after_it_only_the_new_one(tmp_path: Path):
    rights = Rights(tmp_path)
    rights.create("ANYBODY", "first", ["CREATE SESSION"])
    rights.roll_over("ANYBODY", 1)
    rights.alter("ANYBODY", password="second")
    for password in ("first", "second"):
        rights.login("ANYBODY", password)
    Rights(tmp_path).login("ANYBODY", "first")
    rights.end_rollover("ANYBODY")
    rights.login("ANYBODY", "second")
    with pytest.raises(OracleError, match="ORA-01017"):
        rights.login("ANYBODY", "first")


def test_without_a_rollover_the_password_before_is_refused_at_once(tmp_path: Path):
    rights = Rights(tmp_path)
    rights.create("ANYBODY", "first", ["CREATE SESSION"])
    rights.alter("ANYBODY", password="second")
    with pytest.raises(OracleError, match="ORA-01017"):
        rights.login("ANYBODY", "first")
