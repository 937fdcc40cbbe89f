"""What the database answers: to the connector's statements, and to a DBA's."""

from typing import Any

from connector.local.oracle.statements import StatementList

#: The connector's statements. Each module of this package adds its own.
connector: StatementList[Any] = StatementList()
#: What a DBA does as SYS.
dba: StatementList[Any] = StatementList()

from connector.local.oracle.answers import (  # noqa: E402 - they register themselves in the catalogues above
    administration,
    dictionary,
    mining,
    redo_logs,
    snapshot,
)

__all__ = ["administration", "connector", "dba", "dictionary", "mining", "redo_logs", "snapshot"]
