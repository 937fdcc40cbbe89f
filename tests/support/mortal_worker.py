"""A Connect worker of the local world without ECS, that tests end and start again."""

import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connector.domain.secrets.brokers import KafkaAuth, worker_environment
from connector.domain.stage.aws_names import CONNECT_PORT, METRICS_PORT
from connector.domain.stage.topics import Catalogue
from connector.local import toolchain
from connector.local.addresses import claim
from connector.local.oracle import plugin
from tests.support.metadata import metadata_endpoint

#: How long a worker may take to leave its group, in seconds.
_LEAVE_SECONDS = 30


@dataclass
class MortalWorker:
    """A worker at one address, which may end and start again. Its log has all its lives."""

    home: Path
    directory: Path
    address: str
    environment: Mapping[str, str] = field(repr=False)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        """What the workers wrote."""
        return self.directory / "worker.log"

    def start(self) -> None:
        """Start it; it answers some seconds later."""
        assert self.process is None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.home / "bin" / "entrypoint.sh"],
                env={**self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal that ends it and wait for that; SIGKILL after a while."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def ask(self, path: str, body: bytes | None = None, method: str | None = None) -> str:
        """What Connect answers, a refusal too: to a GET, with a body to a PUT. Raises OSError."""
        request = urllib.request.Request(
            f"http://{self.address}:{CONNECT_PORT}{path}",
            body,
            {"Content-Type": "application/json"},
            method=method or ("GET" if body is None else "PUT"),
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
                return str(reply.read().decode())
        except urllib.error.HTTPError as refusal:
            return str(refusal.read().decode())

    def metrics(self) -> str:
        """The page of its metrics; empty while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self.address}:{METRICS_PORT}/metrics", timeout=10) as reply:
                return str(reply.read().decode())
        except OSError:
            return ""


@contextmanager
def mortal_worker(
    directory: Path,
    topics: Catalogue,
    bootstrap: str,
    user: str,
    password: str,
    *,
    memory_mib: int = 1024,
    home: Path | None = None,
) -> Iterator[MortalWorker]:
    """A worker that runs; `directory` gets its log and temporary files. `user` is the database's.

    `memory_mib`: the container's memory, of which the heap is the product's share. `home`: the worker's
    directory, if not the local world's.
    """
    tools = toolchain.find()
    home = home or plugin.worker_home(tools, lambda _: None)
    held = claim((CONNECT_PORT, METRICS_PORT))
    temporary = directory / "worker"
    temporary.mkdir()
    with metadata_endpoint(held.address) as metadata:
        environment = {
            **tools.environment(),
            "CONNECT_HOME": str(home),
            "CONNECT_TMP": str(temporary),
            "JAVA_TOOL_OPTIONS": f"-XX:MaxRAM={memory_mib}m",
            "ECS_CONTAINER_METADATA_URI_V4": metadata,
            "CONNECT_GROUP_ID": topics.connect_group,
            "CONNECT_CONFIG_TOPIC": topics.one("connect_config"),
            "CONNECT_OFFSETS_TOPIC": topics.one("connect_offsets"),
            "CONNECT_STATUS_TOPIC": topics.one("connect_status"),
            **worker_environment(KafkaAuth.PLAINTEXT),
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "KAFKA_USERNAME": "unused",
            "KAFKA_PASSWORD": "unused",
            "KAFKA_CERTIFICATE_AUTHORITY": "unused",
            "DATABASE_USER": user,
            "DATABASE_PASSWORD": password,
        }
        worker = MortalWorker(home, directory, held.address, environment)
        worker.start()
        try:
            yield worker
        finally:
            worker.stop()
            held.release()
