"""Oracle's codes about LogMiner, redo logs, snapshots, rights and what a database runs out of. Pure.

A row has the codes with the same class and the same reaction of the connector.
"""

from connector.domain.diagnosis.oracle_family import DEBEZIUM, Family, Reaction

_FAILS, _RETRIES = Reaction.FAILS, Reaction.RETRIES

_LOGMINER = (
    Family("log missing", {1291: "a log file is missing"}, _RETRIES),
    Family(
        "log missing",
        {
            308: "an archived log cannot be opened",
            334: "which archived log an error is about",
            1370: "the SCN to start from is too old",
            27037: "the status of a file cannot be read",
            27041: "a file cannot be opened",
        },
        _FAILS,
    ),
    Family(
        "redo switched",
        {
            310: "an archived log has another sequence than is required",
            1284: "a log file cannot be opened",
            1343: "corruption in the stream of the log",
        },
        _RETRIES,
        DEBEZIUM,
    ),
    Family(
        "redo switched",
        {1285: "a log file cannot be read", 1315: "a log file was added or removed while it was read"},
        _FAILS,
    ),
    Family(
        "corrupt data",
        {
            312: "which online log an error is about",
            313: "no member of a log group can be opened",
            314: "a log has another sequence than the control file says",
            333: "a block of the redo log cannot be read",
            353: "log corruption near a block",
            354: "a corrupt header of a redo log block",
            368: "wrong checksum of a redo log block",
        },
        _FAILS,
    ),
    Family(
        "log of another database",
        {
            1287: "a file is of another incarnation of the database",
            1294: "the dictionary file cannot be processed",
            1295: "dictionary and log files have different DB_IDs",
            1296: "dictionary and log files have different character sets",
            1297: "dictionary and log files have different redo versions",
            1299: "the dictionary is of another incarnation of the database",
            1324: "a file has another DB_ID",
            1336: "the dictionary file cannot be opened",
            1346: "redo beyond the reset-logs SCN",
            1361: "another global name",
        },
        _FAILS,
    ),
    Family(
        "LogMiner session",
        {
            1001: "invalid cursor",
            1333: "the dictionary cannot be set up",
            1371: "no complete dictionary is in the log",
        },
        _RETRIES,
        DEBEZIUM,
    ),
    Family(
        "LogMiner session",
        {
            1002: "fetch out of sequence",
            1281: "the SCN range is not valid",
            1289: "a log file was added twice",
            1290: "a log file was removed that is not listed",
            1292: "the session has no log file",
            1306: "the session was not started",
            1307: "no session is active",
            1309: "invalid session",
            1323: "the session has no dictionary",
        },
        _FAILS,
    ),
)

_SNAPSHOT = (
    Family(
        "snapshot too old",
        {
            1555: "undo is gone",
            8180: "no snapshot for that time",
            8181: "the number is not a valid SCN",
            22924: "undo of a LOB is gone",
            30052: "the lower limit of a flashback is not valid",
        },
        _FAILS,
    ),
    Family(
        "table changed",
        {
            904: "unknown column or function",
            1410: "invalid ROWID",
            1466: "the definition has changed since the SCN",
            8103: "the object no longer exists",
            8176: "no undo for what changed the data",
            22922: "a LOB is there no more",
        },
        _FAILS,
    ),
    Family("lock", {1327: "the dictionary cannot be locked"}, _RETRIES),
    Family(
        "lock",
        {
            54: "resource busy",
            60: "deadlock",
            2049: "a lock of a distributed transaction",
            1328: "another build of LogMiner's dictionary runs",
            4020: "deadlock on an object",
            4021: "an object stayed locked",
            30006: "resource busy until the wait's end",
        },
        _FAILS,
    ),
    Family("query timeout", {1013: "the operation was cancelled", 17016: "the statement timed out"}, _FAILS),
)

_SET_UP = (
    Family("database rights", {1045: "no CREATE SESSION"}, _RETRIES, connecting=True),
    Family(
        "database rights",
        {
            942: "no such table or view, or no right on it",
            959: "the tablespace does not exist",
            1031: "insufficient privileges",
            1347: "supplemental log data is no longer found",
            1354: "no supplemental logging of the database",
            1435: "the user does not exist",
            1536: "quota of a tablespace exceeded",
            1950: "no quota on a tablespace",
            4043: "the object does not exist",
            6550: "PL/SQL does not compile: a package that may not be used",
            6564: "the object does not exist",
            31603: "DBMS_METADATA does not find the object",
            41900: "a missing privilege on an object",
        },
        _FAILS,
    ),
    Family(
        "database set-up",
        {
            258: "manual archiving in NOARCHIVELOG mode",
            1325: "archive log mode is off",
            1349: "LogMiner's tablespace does not exist",
            1351: "the tablespace for LogMiner's dictionary does not exist",
            1352: "the tablespace for what LogMiner spills does not exist",
            28353: "the wallet cannot be opened",
            28365: "the wallet is not open",
            28374: "no key in the wallet",
            65049: "no local user may be created in this container",
            65050: "common users are made in the root only",
            65096: "the name of a common user begins with C##",
        },
        _FAILS,
    ),
    Family(
        "database error",
        {
            4061: "state of a package was invalidated",
            4063: "a view or package has errors",
            4065: "a package was changed or dropped",
            4068: "state of packages was discarded",
            4088: "a trigger failed",
            4098: "a trigger is not valid",
            6508: "a program unit cannot be found",
        },
        _FAILS,
    ),
    Family(
        "settings",
        {
            900: "invalid statement",
            907: "missing parenthesis",
            911: "invalid character",
            933: "the command does not end as it must",
            936: "missing expression",
        },
        _FAILS,
    ),
    Family("settings", {1882: "unknown time zone region"}, _FAILS, DEBEZIUM),
    Family(
        "settings",
        {
            17023: "not supported by the thin driver: getOCIHandles",
            25191: "overflow table of an index-organized table",
            26701: "no such XStream process",
            26913: "XStream runs on another instance",
            44609: "continuous mining is not supported any more",
        },
        _FAILS,
        DEBEZIUM,
    ),
    Family(
        "settings",
        {25303: "buffered queue of another instance", 26653: "an XStream process did not start"},
        _RETRIES,
        DEBEZIUM,
    ),
)

_RESOURCES = (
    Family("database memory", {4030: "no process memory"}, _RETRIES),
    Family(
        "database memory",
        {
            1341: "LogMiner is out of memory",
            1373: "too little memory for a LogMiner session",
            4031: "no shared memory",
            4033: "no memory to grow a pool",
            4036: "PGA_AGGREGATE_LIMIT is exceeded",
            27102: "the operating system has no memory",
        },
        _FAILS,
    ),
    Family(
        "database full",
        {
            255: "a log cannot be archived",
            270: "an archived log cannot be created",
            1652: "no room for a temporary segment",
            1653: "no room for a table",
            1654: "no room for an index",
            1659: "no room for a new segment's extents",
            1683: "no room for a part of an index",
            1692: "no room for a part of a LOB",
            1658: "no room for a new segment",
            1688: "no room for a partition",
            1691: "no room for a LOB",
            16014: "a log is not archived: no destination",
            16038: "a log cannot be archived",
            19502: "a file cannot be written",
            19504: "a file cannot be created",
            15041: "the disk group is full",
            17502: "a file cannot be created",
            19804: "no room can be made in the recovery area",
            19809: "the recovery area is full",
            19815: "the recovery area is nearly full",
            30032: "a suspended statement timed out",
            30036: "no room for undo",
            65114: "the container is full",
        },
        _FAILS,
    ),
    Family("database full", {257: "archiver stopped: only SYSDBA may connect"}, _RETRIES, connecting=True),
    Family(
        "corrupt data",
        {376: "a data file cannot be read at this time", 1115: "a block of a data file cannot be read"},
        _RETRIES,
    ),
    Family(
        "corrupt data",
        {
            1110: "which data file an error is about",
            1116: "a data file cannot be opened",
            1157: "a data file cannot be identified",
            15001: "the disk group is not mounted",
            19505: "a file cannot be identified",
            1578: "a data block is corrupt",
            27061: "waiting for an I/O failed",
            27072: "a file cannot be read or written",
        },
        _FAILS,
    ),
    Family("database internal error", {600: "internal error"}, Reaction.EITHER),
    Family(
        "database internal error", {603: "a fatal error ended the session", 604: "recursive SQL"}, _RETRIES
    ),
    Family(
        "database internal error",
        {
            602: "internal programming exception",
            700: "internal error that was survived",
            1280: "fatal error of LogMiner",
            1304: "a process of LogMiner failed",
            1332: "internal error of LogMiner's dictionary",
            3106: "fatal error of the protocol between client and server",
            3137: "a packet that the server does not understand",
            7445: "exception in Oracle's own code",
            27300: "an operation of the operating system failed",
            27301: "the operating system's words",
            27302: "where the operating system failed",
            29701: "the cluster's services do not answer",
        },
        _FAILS,
    ),
)

#: The rows of this module.
FAMILIES = (*_LOGMINER, *_SNAPSHOT, *_SET_UP, *_RESOURCES)
