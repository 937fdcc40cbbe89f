"""Errors as Oracle numbers and words them.

The texts are those of Oracle's *Database Error Messages* (https://docs.oracle.com/error-help/db/), with the
placeholders filled in. A statement that the side door does not know is refused with ORA-00900 and its own
words.
"""

from typing import Final, Self

#: Number -> text, `{}` for each value.
TEXTS: Final = {
    1: "unique constraint ({}) violated",
    54: "resource busy and acquire with NOWAIT specified or timeout expired",
    60: "deadlock detected while waiting for resource",
    900: "invalid SQL statement",
    902: "invalid datatype",
    904: "{}: invalid identifier",
    906: "missing left parenthesis",
    907: "missing right parenthesis",
    910: "specified length too long for its datatype",
    911: "invalid character",
    913: "too many values",
    918: "column ambiguously defined",
    932: "inconsistent datatypes: expected {} got {}",
    933: "SQL command not properly ended",
    936: "missing expression",
    942: "table or view does not exist",
    947: "not enough values",
    955: "name is already used by an existing object",
    957: "duplicate column name",
    1008: "not all variables bound",
    1013: "user requested cancel of current operation",
    1017: "invalid username/password; logon denied",
    1031: "insufficient privileges",
    1086: "savepoint '{}' never established in this session or is invalid",
    1033: "ORACLE initialization or shutdown in progress",
    1089: "immediate shutdown or close in progress - no operations are permitted",
    1291: "missing log file",
    1292: "no log file has been specified for the current LogMiner session",
    1306: "dbms_logmnr.start_logmnr() must be invoked before selecting from v$logmnr_contents",
    1307: "no LogMiner session is currently active",
    1400: "cannot insert NULL into ({})",
    1407: "cannot update ({}) to NULL",
    1427: "single-row subquery returns more than one row",
    1430: "column being added already exists in table",
    1438: "value larger than specified precision allowed for this column",
    1439: "column to be modified must be empty to change datatype",
    1440: "column to be modified must be empty to decrease precision or scale",
    1441: "cannot decrease column length because some value is too big",
    1442: "column to be modified to NOT NULL is already NOT NULL",
    1449: "column contains NULL values; cannot alter to NOT NULL",
    1451: "column to be modified to NULL cannot be modified to NULL",
    1465: "invalid hex number",
    1466: "unable to read data - table definition has changed",
    1555: 'snapshot too old: rollback segment number {} with name "{}" too small',
    1722: "invalid number",
    1727: "numeric precision specifier is out of range (1 to 38)",
    1728: "numeric scale specifier is out of range (-84 to 127)",
    1756: "quoted string not properly terminated",
    1758: "table must be empty to add mandatory (NOT NULL) column",
    1843: "not a valid month",
    1858: "a non-numeric character was found where a numeric was expected",
    1861: "literal does not match format string",
    1866: "the datetime class is invalid",
    2260: "table can have only one primary key",
    2437: "cannot validate ({}) - primary key violated",
    3001: "unimplemented feature",
    8180: "no snapshot found based on specified time",
    8181: "specified number is not a valid system change number",
    12899: "value too large for column {} (actual: {}, maximum: {})",
    12983: "cannot drop all columns in a table",
    12991: "column is referenced in a multi-column constraint",
    12992: "cannot drop parent key column",
    28000: "the account is locked",
    28001: "the password has expired",
    32587: "Cannot drop nonexistent {} supplemental logging",
    32588: "supplemental logging attribute {} exists",
}


class OracleError(Exception):
    """A statement that Oracle refuses.

    `text` is the whole message: `ORA-00942: table or view does not exist`.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @classmethod
    def of(cls, code: int, *values: object) -> Self:
        """The error of this number in Oracle's words; `values` fill its placeholders."""
        return cls(code, f"ORA-{code:05d}: {TEXTS[code].format(*values)}")

    @classmethod
    def unknown(cls, what: str) -> Self:
        """A statement, or a part of one, that the side door does not know: refused by name, never guessed."""
        return cls(900, f"ORA-00900: invalid SQL statement: the stand-in does not know {what}")


class Disconnect(Exception):
    """The session ends without an answer, as when a server process is killed."""
