"""What Debezium's Oracle connector says in words of its own, without a number of the database's. Pure.

The texts are those of Debezium 3.6.1.Final (debezium-connector-oracle, debezium-connector-common and
debezium-storage-kafka), those of its documentation of the Oracle connector ("Frequently Asked Questions",
"Archive log destinations", "Topic names"), and Connect's of 4.3.1 about a topic. `signs` has the others,
which need more than the message.
"""

from collections.abc import Mapping

#: Class -> messages that tell by themselves what is wrong, as regular expressions.
TELLING: Mapping[str, tuple[str, ...]] = {
    "log missing": (
        r"None of (?:the )?log files contains? (?:the )?offset SCN",
        r"Could not find existing redo log information",
        r"was still ongoing while snapshot was taken, but is no longer completely",
    ),
    "redo switched": (
        r"Redo thread \d+ (?:is inconsistent|expected to have|stopped at SCN|disabled at SCN)",
        r"Failed to calculate oldest SCN available in logs|Failed to resolve archive logs upper bounds",
        r"Redo logs may be sized too small|Restarting mining session after a log became unavailable",
        r"The log availability error .{0,300} wasn't cleared",
    ),
    "unreadable change": (
        r"An unsupported operation detected for table",
        r"Failed to resolve UNKNOWN table name by object id lookup",
    ),
    "DML": (r"Failed to find end index on 32K_WRITE operation",),
    "unreadable value": (
        r"is outside the representable range for",
        r"Unable to convert to (?:Local|Offset|Zoned)\w+ from|Unexpected value for JDBC type",
        r"Time values must (?:use number|be between)|Got a special value \(NaN/Infinity\)",
    ),
    "schema history": (
        r"The connector previously stopped while taking a snapshot",
        r"Creation of database schema history topic failed",
    ),
    "settings": (
        r"SAX feature '?\S{1,200} not supported|external-general-entities",
        r"hybrid mining strategy is not compatible|mining\.strategy\S* value is invalid",
        r"failed to attach to (?:the Oracle )?XStream outbound server",
        r"Continuous mining is no longer available",
        r"won't be captured by Oracle LogMiner because",
        r"unexpected redo thread commit scn entry",
        r"Unable to find \S{0,60} ?(?:snapshotter|snapshot lock mode|snapshot query mode)",
        r"Failed to validate guardrail limits|Signal channel \S{0,80} configuration is invalid",
    ),
    # Java's own, for a URL that the driver does not take.
    "database address": (r"No suitable driver(?: found)?",),
    "unknown topic": (r"Task failed to create new topic",),
}

#: Class -> messages around another error, which is the cause if it is there.
AROUND: Mapping[str, tuple[str, ...]] = {
    # What Debezium says when the database refuses `heartbeat.action.query`.
    "database rights": (r"Could not execute heartbeat action query",),
    "LogMiner session": (r"Failed to start (?:Oracle LogMiner after|a LogMiner mining session)",),
    "database error": (
        r"Could not get SCN|Couldn't get latest table DDL SCN",
        r"Failed reading (?:SCN timestamp|CURRENT_TIMESTAMP)",
        r"Could not get DDL metadata for table|Failed to get table attributes for table",
        r"Failed to (?:flush Oracle LogWriter|create flush table|read the Oracle database redo thread state)",
        r"Unexpected error while connecting to Oracle and looking at",
        r"Unable to get last available log position",
        r"Snapshotting of table .{1,300} failed|Error while executing requested blocking snapshot",
        r"Blocking snapshot has been interrupted|Database error while checking jdbcConnection",
    ),
}
