"""What a family of Oracle's error codes is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reaction(StrEnum):
    """What Debezium's connector does by itself with an error."""

    RETRIES = "retries for ever"
    FAILS = "fails"
    #: Some errors of the number are retried, others are not.
    EITHER = "retries for ever or fails, by the error's arguments"


#: Oracle's own page of a code: `Database Error Messages`, one page a number.
ERROR_HELP = "Oracle, Database Error Messages"
#: The same numbers as Oracle's driver words them: NetErrorMessages and ErrorMessages of ojdbc11 23.26.
DRIVER = "Oracle, JDBC driver 23.26: its list of errors"
#: Debezium's documentation of its Oracle connector, 3.6.
DEBEZIUM = "Debezium 3.6, Oracle connector"


@dataclass(frozen=True)
class Family:
    """Codes that mean the same to whoever reads them.

    `error_class`: the name of a class in `classes`. `codes`: number -> what Oracle says, in a few words.
    `connector`: what the connector does by itself with every one of them.
    `connecting`: they are met when a session is opened; then the connector tries again whatever the number.
    `source`: where the meaning stands.
    """

    error_class: str
    codes: Mapping[int, str]
    connector: Reaction
    source: str = ERROR_HELP
    connecting: bool = False
