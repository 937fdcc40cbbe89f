"""Which family an error code of Oracle is of, and what the connector does with it. Pure.

Three things are known of a code: what it means (each family's source), what the connector does with it by
itself, and whether that was seen. `docs/reference/oracle-codes.md` is made from this table.

What the connector does was seen for the codes of `SEEN` (docs/faults-oracle.md). For the others it is the
answer of the shipped `OracleErrorHandler` to an exception that the shipped driver makes of the number
(tests/image/test_oracle_codes.py); at a login the connector tries again whatever the number, because
`OracleConnection` throws a RetriableException there.
"""

from collections.abc import Mapping

from connector.domain.diagnosis import oracle_log_codes, oracle_session_codes
from connector.domain.diagnosis.oracle_family import Family

FAMILIES: tuple[Family, ...] = (*oracle_session_codes.FAMILIES, *oracle_log_codes.FAMILIES)

#: ORA- number -> its family. TNS- numbers are the same.
by_code: Mapping[int, Family] = {code: family for family in FAMILIES for code in family.codes}

#: Numbers that refuse a login.
LOGIN_CODES: frozenset[int] = frozenset(
    code for code, family in by_code.items() if family.error_class == "login"
)

#: Oracle's message says only where it happened, or to which file: the cause only if nothing else is there.
POSITIONS: frozenset[int] = frozenset({312, 334, 1110, 2063, 6512, 6550, 27037, 27041, 27101, 27301, 27302})
#: Oracle's message says only that something else failed: the cause if nothing else is there.
WRAPPERS: frozenset[int] = frozenset(
    {255, 602, 603, 604, 1280, 1284, 1304, 4088, 12801, 16038, 17502, 27102, 27300}
)
#: What PL/SQL of the database's owners raises itself (PL/SQL Language Reference, RAISE_APPLICATION_ERROR).
RAISED = range(20000, 21000)

#: Codes that the running connector was seen with (docs/faults-oracle.md).
SEEN: frozenset[int] = frozenset(
    {
        54,
        310,
        600,
        604,
        942,
        1012,
        1013,
        1017,
        1031,
        1033,
        1045,
        1089,
        1284,
        1291,
        1292,
        1327,
        1466,
        1555,
        1653,
    }
    | {
        2396,
        3113,
        3135,
        4030,
        4036,
        6550,
        12505,
        12514,
        12516,
        12518,
        12528,
        12541,
        17002,
        28000,
        28001,
        31603,
    }
)
