"""Kafka: one KRaft node (broker and controller) in a JVM, from what the image's pom assembles."""

import signal
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from connector.domain.errors import OperatorError
from connector.local.addresses import listening
from connector.local.processes import Process, end, spawn, wait_until
from connector.local.toolchain import Toolchain

PORT = 9092
CONTROLLER_PORT = 9093

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{address}:{controller}
listeners=PLAINTEXT://{address}:{port},CONTROLLER://{address}:{controller}
advertised.listeners=PLAINTEXT://{address}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
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

# Small heap and no optimising compiler: the machine has two cores and the traffic is a person's.
_JVM = ("-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")

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
"""


def start(directory: Path, address: str, tools: Toolchain, log: Path) -> Process:
    """Start the node whose data is in `directory` (made and formatted if new); does not wait for it.

    Raises OperatorError if the storage cannot be formatted.
    """
    data = directory / "data"
    properties = directory / "server.properties"
    directory.mkdir(parents=True, exist_ok=True)
    properties.write_text(
        _PROPERTIES.format(address=address, port=PORT, controller=CONTROLLER_PORT, data=data),
        encoding="utf-8",
    )
    (directory / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")
    if not (data / "meta.properties").exists():
        _format(properties, directory, tools)
    command = [*_java(directory, tools), "kafka.Kafka", str(properties)]
    return spawn(command, log=log, env=tools.environment(), cwd=directory)


def wait(process: Process, address: str, seconds: float = 60) -> None:
    """Wait until the node answers as a cluster. Raises DeadlineExceeded."""
    wait_until(
        # Only then the client: it would wait out a back-off of its own after a refused connection.
        lambda: listening(address, PORT) and cluster_id(f"{address}:{PORT}") is not None,
        what=f"Kafka at {address}:{PORT}",
        seconds=seconds,
        process=process,
    )


def cluster_id(bootstrap: str) -> str | None:
    """The id of the cluster behind a plaintext broker string; None if it does not answer."""
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


def _java(directory: Path, tools: Toolchain) -> list[str]:
    return [
        str(tools.java),
        *_JVM,
        f"-Dlog4j2.configurationFile={directory / 'log4j2.properties'}",
        "-cp",
        f"{tools.kafka_libs}/*",
    ]


def _format(properties: Path, directory: Path, tools: Toolchain) -> None:
    identity = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    # An id that begins with a dash would be read as an option.
    identity = identity if identity[0] not in "-_" else "A" + identity[1:]
    command = [
        *_java(directory, tools),
        "kafka.tools.StorageTool",
        "format",
        "-t",
        identity,
        "-c",
        str(properties),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=tools.environment(), check=False)
    if done.returncode:
        raise OperatorError(f"Kafka cannot format {directory}: {(done.stderr or done.stdout).strip()[-400:]}")
