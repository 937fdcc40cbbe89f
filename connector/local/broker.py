"""Kafka: one KRaft node (broker and controller) in a JVM, from what the image's pom assembles.

As on MSK, each way of authenticating has its port, and the brokers decide by ACLs who may do what. One
listener more, OWNER, is for the cluster's owner: plaintext, and everything allowed.
"""

import signal
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth
from connector.local import kafka_plugin
from connector.local.addresses import listening
from connector.local.broker_tls import Authority, BrokerFiles
from connector.local.processes import Process, end, spawn, wait_until
from connector.local.toolchain import Toolchain, jvm_options

#: Where the cluster's owner connects, without a login.
OWNER_PORT = 9090
CONTROLLER_PORT = 9093
#: Every port of a node.
PORTS = (OWNER_PORT, CONTROLLER_PORT, *(auth.port for auth in KafkaAuth))
#: What stages set as msk_cluster_arn: the ARN in policies for clients that log in with IAM.
MSK_CLUSTER = "arn:aws:kafka:us-east-1:000000000000:cluster/local/00000000-0000-0000-0000-000000000000-1"
#: The user whom the secret kafkaCredentials names.
USER = "local_streams"

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{address}:{controller}
listeners={listeners},CONTROLLER://{address}:{controller}
advertised.listeners={listeners}
listener.security.protocol.map=OWNER:PLAINTEXT,CONTROLLER:PLAINTEXT,{protocols}
controller.listener.names=CONTROLLER
inter.broker.listener.name=OWNER
principal.builder.class=wms.local.ListenerPrincipals
authorizer.class.name=wms.local.IamAuthorizer
super.users=User:owner
ssl.keystore.type=PEM
ssl.keystore.location={files.keystore.name}
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.scram.scram-sha-512.sasl.jaas.config=\\
  org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.iam.sasl.enabled.mechanisms=AWS_MSK_IAM
listener.name.iam.aws_msk_iam.sasl.jaas.config=wms.local.IamLogin required;
log.dirs={data}
# As on MSK: a topic that was deleted must not come back because somebody still asks for it.
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A group of one member forms at once rather than after three seconds.
group.initial.rebalance.delay.ms=0
# A broker that was killed may register again only when its former self is given up; the default is 9 s.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.threads=1
"""

# A small heap: the traffic is a person's.
_JVM = ("-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-Djava.awt.headless=true")

_LOG4J = """\
status = warn
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
# Each refusal, with the right that is missing.
logger.authorizer.name = kafka.authorizer.logger
logger.authorizer.level = info
"""


def start(directory: Path, address: str, tools: Toolchain, log: Path, files: BrokerFiles) -> Process:
    """Start the node whose data is in `directory` (made and formatted if new); does not wait for it.

    Java reads a properties file as Latin-1, and Kafka takes a comma for the end of a path: so all paths in
    there, and log4j2's, are relative to `directory`, in which the node runs.

    Raises OperatorError if the storage cannot be formatted or the listeners' plug-in cannot be compiled.
    """
    data = directory / "data"
    properties = directory / "server.properties"
    directory.mkdir(parents=True, exist_ok=True)
    files.issue(address)
    listeners = {"OWNER": OWNER_PORT, **{auth.name: auth.port for auth in KafkaAuth}}
    properties.write_text(
        _PROPERTIES.format(
            address=address,
            controller=CONTROLLER_PORT,
            listeners=",".join(f"{name}://{address}:{port}" for name, port in listeners.items()),
            protocols=",".join(f"{auth.name}:{auth.protocol}" for auth in KafkaAuth),
            files=files,
            data=data.name,
        ),
        encoding="utf-8",
    )
    (directory / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")
    java = _java(tools, kafka_plugin.compiled(tools), files.iam)
    if not (data / "meta.properties").exists():
        _format(properties, directory, tools, java, files.password)
    return spawn([*java, "kafka.Kafka", properties.name], log=log, env=tools.environment(), cwd=directory)


def wait(process: Process, address: str, seconds: float = 60) -> None:
    """Wait until the node answers as a cluster. Raises DeadlineExceeded."""
    wait_until(
        # Only then the client: it would wait out a back-off of its own after a refused connection.
        lambda: listening(address, OWNER_PORT) and cluster_id(owner_access(address)) is not None,
        what=f"Kafka at {address}",
        seconds=seconds,
        process=process,
    )


def files(directory: Path, password: str = "") -> BrokerFiles:
    """What the node of `directory` needs, with an authority of its own; no user without a password."""
    return BrokerFiles(
        Authority(directory / "authority"), directory / "broker.pem", directory / "no-iam", password
    )


def owner_access(address: str) -> str:
    """Where the cluster's owner connects."""
    return f"{address}:{OWNER_PORT}"


def broker_string(address: str, auth: KafkaAuth) -> str:
    """What a stage's secret brokerString has for one way of authenticating."""
    return f"{address}:{auth.port}"


def cluster_id(bootstrap: str) -> str | None:
    """The id of the cluster to which the owner connects; None if it does not answer."""
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    except (KafkaError, OSError):
        return None
    try:
        found = admin.describe_cluster().get("cluster_id")
        return None if found is None else str(found)
    except (KafkaError, OSError):
        return None
    finally:
        admin.close()


def stop(process: Process, *, kill: bool = False) -> None:
    """End the node, tidily or (`kill`) as a power cut would."""
    end(process, grace=20, first=signal.SIGKILL if kill else signal.SIGTERM)


def _java(tools: Toolchain, plugin: Path, iam: Path) -> list[str]:
    return [
        str(tools.java),
        *_JVM,
        *jvm_options().split(),
        "-Dlog4j2.configurationFile=log4j2.properties",
        f"-Dwms.msk.cluster={MSK_CLUSTER}",
        f"-Dwms.iam.address.file={iam}",
        "-cp",
        f"{plugin}:{tools.kafka_libs}/*",
    ]


def _format(properties: Path, directory: Path, tools: Toolchain, java: list[str], password: str) -> None:
    identity = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    # An id that begins with a dash would be read as an option.
    identity = identity if identity[0] not in "-_" else "A" + identity[1:]
    # From a file: arguments of a process are visible to everybody on the machine.
    arguments = directory / "format.args"
    # One that a killed run has left: its password and its rights are not this run's.
    arguments.unlink(missing_ok=True)
    user = f"--add-scram\nSCRAM-SHA-512=[name={USER},password={password}]\n" if password else ""
    command = [*java, "kafka.tools.StorageTool", "format", "-t", identity, "-c", properties.name]
    if user:
        command.append(f"@{arguments.name}")
    try:
        arguments.touch(mode=0o600)
        arguments.write_text(user, encoding="utf-8")
        done = subprocess.run(
            command, capture_output=True, text=True, env=tools.environment(), cwd=directory, check=False
        )
    finally:
        arguments.unlink()
    if done.returncode:
        raise OperatorError(f"Kafka cannot format {directory}: {first_words(done.stderr or done.stdout)}")


def first_words(output: str) -> str:
    """What a Java program said before its stack trace, in one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(("at ", "... "))]
    return " ".join(said)[:400] or "it said nothing"
