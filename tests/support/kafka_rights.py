"""Clients of the brokers, the worker's and the functions' own, with all of a stage's rights but one."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from kafka import KafkaAdminClient
from kafka.admin import ACLFilter, ResourcePatternFilter

from connector.domain.capture.acls import Acl
from connector.domain.secrets.brokers import KafkaAuth, parse_brokers
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.local import broker, grants, toolchain
from connector.local.world import World
from lambda_src.clients.kafka_admin import Kafka
from lambda_src.clients.kafka_port import client_settings
from lambda_src.runtime.deadline import Deadline
from tests.support.waiting import wait_for

_PROGRAM = Path(__file__).with_name("Rights.java")
_OK = "ok"


@contextmanager
def without(world: World, right: Acl, user: str = broker.USER) -> Iterator[None]:
    """The brokers do not allow the user this one right, which has one operation."""
    (binding,) = grants.bindings(user, right)
    resource = binding.resource_pattern
    one = ACLFilter(
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
        ResourcePatternFilter(resource.resource_type, resource.resource_name, resource.pattern_type),
    )
    with closing(KafkaAdminClient(bootstrap_servers=world.kafka_bootstrap)) as owner:
        ((_, deleted, _),) = owner.delete_acls([one])
        assert len(deleted) == 1, f"nobody had granted {right}"
        wait_for(lambda: not owner.describe_acls(one)[0], f"{right} is not allowed any more")
        try:
            yield
        finally:
            grants.grant(world.kafka_bootstrap, user, [right])
            wait_for(lambda: owner.describe_acls(one)[0], f"{right} is allowed again")


@contextmanager
def functions_client(world: World) -> Iterator[Kafka]:
    """kafka-python as the functions use it, logged in with SCRAM over TLS."""
    stored = StoredSecret("wms/main/brokerString", "arn", "v1", Redacted(world.broker_string()))
    login = (Redacted(broker.USER), Redacted(world.state.kafka_password))
    settings = client_settings(parse_brokers(stored), KafkaAuth.SCRAM, login, world.authority.make())
    with Kafka(settings, Deadline.within(600), str) as client:
        yield client


class JavaClient:
    """The Kafka client of the worker's class path, logged in with SCRAM over TLS."""

    def __init__(self, world: World, directory: Path) -> None:
        tools = toolchain.find()
        settings = directory / "client.properties"
        settings.touch(mode=0o600)
        login = f'username="{broker.USER}" password="{world.state.kafka_password}"'
        settings.write_text(
            f"bootstrap.servers={world.broker_string()}\n"
            "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
            f"sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required {login};\n"
            f"ssl.truststore.type=PEM\nssl.truststore.location={world.authority.certificate}\n",
            encoding="utf-8",
        )
        libraries = f"{tools.connect_home}/libs/*"
        command = [str(tools.java), "-XX:TieredStopAtLevel=1", "-cp", libraries, str(_PROGRAM), str(settings)]
        self._log: IO[bytes] = (directory / "client.log").open("wb")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=tools.environment(),
            text=True,
        )

    def run(self, what: str, name: str) -> str:
        """The trace of what was thrown; empty if nothing was."""
        source, answers = self._process.stdin, self._process.stdout
        assert source is not None
        assert answers is not None
        source.write(f"{what}\t{name}\n")
        source.flush()
        for line in answers:
            # The client's library prints its own errors into the same stream.
            if line.startswith(("ok", "thrown ")):
                return "" if line.strip() == _OK else line.removeprefix("thrown ").strip()
        raise AssertionError(f"the client ended; see {self._log.name}")

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)
        self._log.close()
