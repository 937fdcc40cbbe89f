"""The classes of errors of brokers, AWS, the connector itself and its worker."""

from connector.domain.diagnosis.error_class import (
    BROKER_SCRIPT,
    HELD,
    LAUNCH,
    LOGS,
    RESTART,
    ROTATE,
    STATUS,
    ErrorClass,
    Owner,
)

PLATFORM_CLASSES: tuple[ErrorClass, ...] = (
    ErrorClass(
        "brokers",
        retry=True,
        owner=Owner.PLATFORM,
        meaning="the brokers do not answer, or cannot take records at the moment",
        next_step="ask the cluster's owners whether the brokers run, and whether their security group allows "
        "the connector's",
        command=BROKER_SCRIPT,
    ),
    ErrorClass(
        "brokers throttle",
        retry=True,
        owner=Owner.PLATFORM,
        meaning="the brokers refuse new connections or requests for now, because there were too many",
        next_step="nothing, if it ends by itself; else ask the cluster's owners who connects so often, and "
        "for a "
        "larger quota",
        command=STATUS,
    ),
    ErrorClass(
        "cluster rights",
        retry=False,
        owner=Owner.PLATFORM,
        meaning="the connector lacks a permission on the Kafka cluster",
        next_step="let the cluster's owners grant the permissions that the script lists",
        command=BROKER_SCRIPT,
    ),
    ErrorClass(
        "broker login",
        retry=False,
        owner=Owner.US,
        meaning="the brokers refuse the connector's user name, password or signature",
        next_step="fix user and password in the secret kafkaCredentials; with IAM, check that the task's "
        "role may connect, then launch again",
        command=ROTATE,
        edit="user and password in the secret kafkaCredentials",
    ),
    ErrorClass(
        "broker authentication",
        retry=False,
        owner=Owner.US,
        meaning="the port of the brokers wants another kind of authentication or encryption than "
        "kafka_auth says",
        next_step="make the port in the secret brokerString and kafka_auth in the stage's config.yaml fit "
        "each "
        "other, then launch again",
        command=LAUNCH,
        edit="the port in the secret brokerString, or kafka_auth in {config}",
    ),
    ErrorClass(
        "broker TLS",
        retry=False,
        owner=Owner.US,
        meaning="the worker does not trust the brokers' certificate, or the port speaks no TLS",
        next_step="check the port in the secret brokerString and kafka_auth; a certificate of a private "
        "authority "
        "must be in the image's trust store",
        command=LAUNCH,
        edit="the port in the secret brokerString, or kafka_auth in {config}",
    ),
    ErrorClass(
        "broker certificate",
        retry=False,
        owner=Owner.PLATFORM,
        meaning="the brokers' certificate has expired, or is not valid yet",
        next_step="ask the cluster's owners to renew the certificate; if it is valid, the worker's clock is "
        "wrong; then restart the connector",
        command=RESTART,
    ),
    ErrorClass(
        "IAM client",
        retry=False,
        owner=Owner.US,
        meaning="the worker's Kafka client cannot use IAM: the library aws-msk-iam-auth is not in its class "
        "path, or its callback handler is not set",
        next_step="check that the image holds aws-msk-iam-auth, and that every client with sasl.mechanism "
        "AWS_MSK_IAM has sasl.client.callback.handler.class of that library; then launch again",
        command=LAUNCH,
        edit="the worker's image (connector/image)",
    ),
    ErrorClass(
        "AWS credentials",
        retry=True,
        owner=Owner.US,
        meaning="the worker could not get credentials of its task role, or they have expired or are not "
        "valid yet",
        next_step="check the task role, and whether the task reaches the credentials endpoint "
        "(169.254.170.2) and "
        "has the right time; read the worker's log",
        command=LOGS,
    ),
    ErrorClass(
        "AWS endpoint",
        retry=True,
        owner=Owner.PLATFORM,
        meaning="an endpoint of AWS cannot be reached from the worker's subnets, or refuses calls for now",
        next_step="give the subnets a route (NAT or a VPC endpoint) and name resolution for the endpoint "
        "that the "
        "message names",
        command=LOGS,
    ),
    ErrorClass(
        "AWS rights",
        retry=False,
        owner=Owner.PLATFORM,
        meaning="AWS refuses a call of the worker: its role lacks a permission",
        next_step="let the account's owners allow the task role the call that the message names",
        command=LOGS,
    ),
    ErrorClass(
        "network",
        retry=True,
        owner=Owner.NETWORK,
        meaning="a connection of the worker failed, and the message does not say to what",
        next_step="read in the worker's log which address it was, then check its security group and name",
        command=LOGS,
    ),
    ErrorClass(
        "worker busy",
        retry=True,
        owner=Owner.US,
        meaning="the worker's own thread was busy for longer than Connect allows",
        next_step="read in the worker's log what it did before: a connector that starts for long, brokers "
        "that do not answer, or too little CPU or memory",
        command=LOGS,
    ),
    ErrorClass(
        "fenced",
        retry=True,
        owner=Owner.US,
        meaning="another producer took over the task's transactional id, the task's transaction timed out, "
        "or the task could not fence its predecessor when it started",
        next_step="check whether a second worker or a second stage runs this connector; a worker that paused "
        "for too long is fenced too, and a task that starts while Connect's leader changes fails so: a "
        "restart heals both",
        command=LOGS,
    ),
    ErrorClass(
        "unknown topic",
        retry=True,
        owner=Owner.PLATFORM,
        meaning="a topic that the connector writes to does not exist",
        next_step="launch again: a launch creates missing topics",
        command=LAUNCH,
    ),
    ErrorClass(
        "record too large",
        retry=False,
        owner=Owner.US,
        meaning="a change is larger than its topic allows",
        next_step="check that consumers can read such a record, raise connector.max_record_mib in the "
        "stage's config.yaml, then launch again; no change is skipped until then",
        command=LAUNCH,
        edit="connector.max_record_mib in {config}",
    ),
    ErrorClass(
        "record format",
        retry=False,
        owner=Owner.US,
        meaning="a record cannot be converted, written or read as the worker's converters are set",
        next_step="read in the worker's log which topic and field it is; no setting changes the converters: "
        "take back the change of the table or of the image that came before it, or report it with the lines",
        command=LOGS,
    ),
    ErrorClass(
        "unreadable value",
        retry=False,
        owner=Owner.US,
        meaning="a row holds a value that the connector cannot convert",
        next_step="ask the owners of the data whether the value may be missing from its record; if so, set "
        "connector.unreadable_values to null in the stage's config.yaml and launch; once the row has been "
        "read, remove the setting and launch again",
        command=LAUNCH,
        edit="connector.unreadable_values in {config}",
    ),
    ErrorClass(
        "schema history",
        retry=False,
        owner=Owner.US,
        meaning="the topic with the schema history is lost or incomplete",
        next_step="find out who deleted records of that topic; `wms-connector rebuild` brings them back from "
        "a backup, and without one only a new initial snapshot does: docs/operations.md, 'A lost schema "
        "history', has the steps and what they cost",
        command=LOGS,
        data=HELD,
    ),
    ErrorClass(
        "DDL",
        retry=False,
        owner=Owner.US,
        meaning="the connector cannot parse a DDL statement, which changed a table's structure",
        next_step="copy the statement from the worker's log and report it; the connector does not skip it, "
        "because later changes might then be read wrongly",
        command=LOGS,
    ),
    ErrorClass(
        "DML",
        retry=False,
        owner=Owner.US,
        meaning="the connector cannot parse a change of a row in the redo log, often because it knows "
        "another structure of the table",
        next_step="ask the DBA how the table's structure was changed, and compare with the newest record of "
        "the schema-change topic; report the message; the statement in the worker's log holds values of the "
        "row",
        command=LOGS,
    ),
    ErrorClass(
        "memory",
        retry=True,
        owner=Owner.US,
        meaning="the worker's memory ran out",
        next_step="check for a very large transaction; if there is none, raise task_memory in the "
        "stage's config.yaml, then launch again",
        command=LAUNCH,
        edit="task_memory in {config}",
    ),
    ErrorClass(
        "settings",
        retry=False,
        owner=Owner.US,
        meaning="a setting of the connector, its topics or its worker is not valid",
        next_step="fix what the message names in the stage's config.yaml or secrets, then launch again",
        command=LAUNCH,
        edit="what the message names, in {config} or in a secret",
    ),
)
