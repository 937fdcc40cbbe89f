"""What a paste loses or breaks: no value of it comes out, and a refused login counts still."""

import pytest

from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.redaction import without_values

SECRET = "Zq7"
END = "\n\tat a.B.c(B.java:1)\nCaused by: java.sql.SQLException: ORA-01291: missing"


@pytest.mark.parametrize(
    "value",
    ["Failed:\nORA-20001: order Zq7", "x\nORA-00942: Zq7", "x\n\tat a.B.b(A.java:1)\nCaused by: X: Zq7"],
)
def test_lines_of_a_value_are_no_trace(value: str) -> None:
    text = f"a.b.DmlParserException: Cannot parse 'insert into \"T\"(\"A\") values ('1','{value}');'"
    assert diagnose(text + END).cause == "ORA-01291: missing"
    for damaged in (text + END, text.replace("');'", "")):
        assert SECRET not in without_values(damaged)
        assert diagnose(damaged).error_class.name != "database rights"


@pytest.mark.parametrize(
    "text",
    [
        "Zq7' where \"ID\" = '3';'. You can set internal.log",
        "'Zq7', '12', NULL);'. Please open",
        "ORA-01722: unable to convert string value containing 'Zq7' to a number",
        "ORA-14400: no partition in table \"T\" for 'Zq7'",
        "alter user WMS identified by Zq7",
        'create user WMS identified by "Zq7"',
        "grant connect to WMS identified by values 'Zq7'",
        "Unexpected JDBC DATE value for field A: class=java.lang.String, value=Zq7",
        "Failed to convert value 'Zq7' from column A",
        "Unable to convert to LocalDate from a java.sql.Time value 'Zq7'",
        "Time values must be between 00:00 and 24:00 (inclusive): Zq7",
        "delete T where A='Zq7'",
        "delete /*+ x */ from T where A='Zq7'",
        "UPDATE ONLY (T) set A='Zq7'",
        "buf_c := 'Zq7'; dbms_lob.write",
        'required password="Zq7";',
        "required password='Zq7';",
        "database.password: Zq7",
        "AWS_SECRET_ACCESS_KEY=Zq7",
        "aws_session_token = Zq7",
    ],
)
def test_no_value_or_password_comes_out(text: str) -> None:
    assert SECRET not in without_values(text)
    assert SECRET not in diagnose(text).cause


def test_the_last_cause_of_the_shipped_driver_has_its_number() -> None:
    text = (
        "Caused by: Error : {0}, Position : 0, SQL = BEGIN P('19'); END;, Original SQL = BEGIN P('19'); END;"
    )
    told = text.format(1291) + ", Error Message = ORA-01291: missing log file"
    assert diagnose(told).error_class.name == "log missing"
    assert diagnose("Caused by: Error : 1017, Position : 0, Sql = null").error_class.name == "login"


@pytest.mark.parametrize(
    "code",
    [
        "ORA\u201301017",
        "ORA\uff0d01017",
        "ORA\u201101017",
        "ORA-\n01017",
        "ORA 01017",
        "ORA01017",
        "ORA&#45;01017",
    ],
)
def test_a_damaged_number_of_a_login_forbids_a_restart(code: str) -> None:
    found = diagnose(f"java.net.ConnectException: Connection refused {code}: denied")
    assert found.login
    assert not found.restart


def test_a_number_that_the_end_cuts_is_none() -> None:
    assert diagnose("ORA-0101").error_class.name == "unknown"
    assert diagnose("java.sql.SQLException: ORA-1291: missing").error_class.name == "log missing"
