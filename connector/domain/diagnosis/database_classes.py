"""The classes of errors that the database, its driver or its redo log causes."""

from connector.domain.diagnosis.error_class import (
    HELD,
    LOGS,
    LOST,
    OFFSETS,
    ORACLE_SCRIPT,
    RESTART,
    ROTATE,
    STATUS,
    ErrorClass,
    Owner,
)

DATABASE_CLASSES: tuple[ErrorClass, ...] = (
    # Three wrong logins lock an account, whoever makes them.
    ErrorClass(
        "login",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database refuses the connector's login",
        next_step="fix user and password in the secret dbInfo",
        command=ROTATE,
        edit="user and password in the secret dbInfo",
        of_database="refuses the login",
    ),
    ErrorClass(
        "password expiring",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the password of the connector's user expires soon; logins still succeed",
        next_step="have the DBA set a new password, put it into the secret dbInfo",
        command=ROTATE,
        edit="the password in the secret dbInfo",
    ),
    ErrorClass(
        "database rights",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the connector lacks a privilege, a quota or supplemental logging in the database, or a "
        "captured "
        "table does not exist",
        next_step="restore a table that was dropped; then let the DBA run the script, which grants the "
        "rights "
        "and adds supplemental logging",
        command=ORACLE_SCRIPT,
        of_database="refuses what the connector needs",
    ),
    ErrorClass(
        "database set-up",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database is not set up for LogMiner: its archive log mode, its archive destinations "
        "or a "
        "parameter",
        next_step="let the DBA set archive log mode, a valid local archive destination and what the message "
        "names, as the script's head says; then restart the connector",
        command=RESTART,
        of_database="is not set up for LogMiner",
    ),
    ErrorClass(
        "database trigger",
        retry=False,
        owner=Owner.DATABASE,
        meaning="a trigger or a package of the database's owners refuses what the connector does, with a "
        "message of its own",
        next_step="ask the DBA which trigger (a logon trigger, for example) or package raises the message, "
        "and to let the connector's user pass; then restart the connector",
        command=RESTART,
        of_database="refuses the connector by a trigger or a package",
    ),
    ErrorClass(
        "database protocol",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database and the connector agree on no protocol: authentication, encryption or TLS",
        next_step="ask the DBA which authentication protocol, encryption and TLS the listener's port wants "
        "(sqlnet.ora); fix host and port in the secret dbInfo, which the workers get by themselves, or the "
        "database, and then restart the connector",
        command=RESTART,
        of_database="agrees on no protocol with the connector",
    ),
    ErrorClass(
        "log missing",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database's log no longer reaches back to where the connector stopped",
        next_step="ask the DBA to restore the archived log from the connector's position on, then restart "
        "the connector; if it is gone, changes are lost and a new snapshot is needed: talk to the owners of "
        "the data first",
        command=OFFSETS,
        data=LOST,
    ),
    ErrorClass(
        "redo switched",
        retry=True,
        owner=Owner.DATABASE,
        meaning="a redo log was switched, or is not archived yet, while LogMiner read it",
        next_step="nothing, if it ends by itself; if it comes again and again, ask the DBA for larger redo "
        "logs",
        command=STATUS,
    ),
    ErrorClass(
        "LogMiner session",
        retry=True,
        owner=Owner.US,
        meaning="LogMiner's session or its list of files is gone, as after a lost connection; a restart "
        "makes new ones",
        next_step="nothing, if a restart heals it; if it comes again, read in the worker's log what ended "
        "the "
        "session",
        command=LOGS,
    ),
    ErrorClass(
        "unreadable change",
        retry=False,
        owner=Owner.DATABASE,
        meaning="LogMiner cannot re-construct a change of a row, and no restart gets past it",
        next_step="ask the DBA for STATUS and INFO in V$LOGMNR_CONTENTS at that SCN; if it stays unreadable, "
        "only a new snapshot gets past it: talk to the owners of the data first",
        command=LOGS,
        data=HELD,
    ),
    ErrorClass(
        "corrupt data",
        retry=False,
        owner=Owner.DATABASE,
        meaning="a file or a block of the database is damaged or cannot be read",
        next_step="ask the DBA to repair or restore what the message names, then restart the connector",
        command=RESTART,
    ),
    ErrorClass(
        "log of another database",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the redo logs are those of another database, or of the time before this one was restored",
        next_step="ask the DBA whether the database was restored, replaced or opened with RESETLOGS; if it "
        "was, the connector's position means nothing any more and a new snapshot is needed: talk to the "
        "owners of the data first",
        command=OFFSETS,
        data=LOST,
    ),
    ErrorClass(
        "snapshot too old",
        retry=False,
        owner=Owner.DATABASE,
        meaning="a snapshot ran longer than the database's undo retention",
        next_step="ask the DBA for more undo retention, then restart the connector: the snapshot starts "
        "again",
        command=RESTART,
    ),
    ErrorClass(
        "table changed",
        retry=True,
        owner=Owner.DATABASE,
        meaning="a table's definition changed while its rows were read; the snapshot starts again",
        next_step="ask the DBA to change no captured table while a snapshot runs",
        command=STATUS,
    ),
    ErrorClass(
        "lock",
        retry=True,
        owner=Owner.DATABASE,
        meaning="another session of the database holds a lock that the connector needs",
        next_step="ask the DBA which session locks the object (V$LOCKED_OBJECT)",
        command=STATUS,
    ),
    ErrorClass(
        "query timeout",
        retry=True,
        owner=Owner.DATABASE,
        meaning="a query took longer than the connector or the database allows",
        next_step="ask the DBA what slows the query down; the connector's limit is database.query.timeout.ms",
        command=STATUS,
    ),
    ErrorClass(
        "database memory",
        retry=True,
        owner=Owner.DATABASE,
        meaning="the database's own memory ran out, not the worker's",
        next_step="ask the DBA for more memory (PGA_AGGREGATE_LIMIT, SGA, the server's), or what uses it",
        command=STATUS,
        of_database="has run out of memory",
    ),
    ErrorClass(
        "database full",
        retry=True,
        owner=Owner.DATABASE,
        meaning="the database has no space left: its archive destination, a tablespace, undo or temp",
        next_step="ask the DBA to make space in what the message names; no other login is possible meanwhile "
        "if the archive destination is full",
        command=STATUS,
        of_database="has no space left",
    ),
    ErrorClass(
        "standby",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database is a standby, or open for reading only",
        next_step="point the secret dbInfo at the primary; after a fail-over ask the DBA "
        "which database is the primary now",
        command=ROTATE,
        edit="the host in the secret dbInfo",
        of_database="is a standby, or open for reading only",
    ),
    ErrorClass(
        "database starting",
        retry=True,
        owner=Owner.DATABASE,
        meaning="the database starts up, shuts down or is not open yet",
        next_step="wait until the database is open; if it stays so, ask the DBA why",
        command=STATUS,
        of_database="is not open",
    ),
    ErrorClass(
        "no free session",
        retry=True,
        owner=Owner.DATABASE,
        meaning="the database has no free process or session",
        next_step="ask the DBA who uses them up, or for more (PROCESSES, SESSIONS, the profile's limit)",
        command=STATUS,
        of_database="has no free process or session",
    ),
    ErrorClass(
        "session ended",
        retry=True,
        owner=Owner.DATABASE,
        meaning="the database ended the connector's session",
        next_step="ask the DBA who ends sessions: limits of the user's profile (IDLE_TIME, CONNECT_TIME), "
        "a job, "
        "or a person",
        command=STATUS,
        of_database="ended the session",
    ),
    ErrorClass(
        "unknown database",
        # A listener that starts before its database reports this too.
        retry=True,
        owner=Owner.US,
        meaning="the database's listener does not know the service or database",
        next_step="fix 'dbname' (or 'sid', 'pdb') in the secret dbInfo; nothing, if the database just starts",
        command=ROTATE,
        edit="'dbname' (or 'sid', 'pdb') in the secret dbInfo",
        of_database="does not know the service or database",
    ),
    ErrorClass(
        "database address",
        retry=False,
        owner=Owner.US,
        meaning="the database's address in the secret dbInfo cannot be used as it is written",
        next_step="fix what the message names in the secret dbInfo: host, port, 'dbname' (or 'sid', 'url') "
        "and 'pdb'",
        command=ROTATE,
        edit="what the message names in the secret dbInfo",
        of_database="cannot be addressed so",
    ),
    ErrorClass(
        "database host",
        # A name service that does not answer for a while, or a fail-over, is reported so too.
        retry=True,
        owner=Owner.NETWORK,
        meaning="the name of the database's host cannot be resolved",
        next_step="check the host in the secret dbInfo, then whether the worker's VPC can resolve that name "
        "(DNS, private hosted zones); the connector goes on by itself once it does",
        command=STATUS,
        of_database="has a host name that cannot be resolved",
    ),
    ErrorClass(
        "listener rules",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database's listener has rules that refuse this client or this service",
        next_step="ask the DBA to let the worker's addresses pass in the listener's rules (valid node "
        "checking, service ACLs, Connection Manager); then restart the connector",
        command=RESTART,
        of_database="has a listener that refuses the connector's address",
    ),
    ErrorClass(
        "unreachable",
        retry=True,
        owner=Owner.NETWORK,
        meaning="the database cannot be reached, or the connection to it was lost",
        next_step="check that the database runs and that its security group allows the connector's; the "
        "connector goes on by itself once it answers",
        command=STATUS,
        of_database="cannot be reached",
    ),
    ErrorClass(
        "database internal error",
        retry=True,
        owner=Owner.DATABASE,
        meaning="the database reports an error of its own code",
        next_step="give the DBA the message: the alert log has an incident with a trace file for Oracle's "
        "support",
        command=LOGS,
        of_database="reports an error of its own code",
    ),
    ErrorClass(
        "database error",
        retry=True,
        owner=Owner.DATABASE,
        meaning="the database reports an error that no other class describes",
        next_step="look the number up in Oracle's error help and give it to the DBA",
        command=LOGS,
        of_database="reports an error",
    ),
    # Debezium's Oracle connector reports this for a refused login too; only its log has the ORA- number.
    ErrorClass(
        "no-session",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database gives the connector no session, and only the worker's log has the reason",
        next_step="read Oracle's own message (ORA- and a number) in the worker's log; fix address, service, "
        "user or password in the secret dbInfo",
        command=LOGS,
        of_database="gives the connector no session",
    ),
)
