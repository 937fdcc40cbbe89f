"""What the database answers: to the connector's statements, and to a DBA's."""

from typing import Any

from connector.local.oracle.statements import Statements

#: The connector's statements. Each module of this package adds its own.
connector: Statements[Any] = Statements()
#: What a DBA does as SYS.
dba: Statements[Any] = Statements()

from connector.local.oracle.answers import (  # noqa: E402 - they register themselves in the catalogues above
    administration,
    dictionary,
    mining,
    redo_logs,
    snapshot,
)

__all__ = ["administration", "connector", "dba", "dictionary", "mining", "redo_logs", "snapshot"]
