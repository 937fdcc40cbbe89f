"""A real Connect worker with a broker and a task's metadata endpoint, outside the local world."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.local import addresses, broker, toolchain
from tests.support.metadata import metadata_endpoint
from tests.support.waiting import wait_for
from tests.support.worker_environment import task_environment


@dataclass(frozen=True)
class Worker:
    process: "subprocess.Popen[bytes]"
    address: str
    bootstrap: str
    log: Path
    home: Path
    environment: dict[str, str]

    def ask(
        self, path: str, *, method: str = "GET", body: object = None, port: int = 8083
    ) -> tuple[int, str]:
        """Status and text of the answer, whatever it is."""
        request = urllib.request.Request(
            f"http://{self.address}:{port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - http, by the line above
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def running_worker(
    tools: toolchain.Toolchain, home: Path, directory: Path, **variables: str
) -> Iterator[Worker]:
    """A worker of the directory `home` that answers; what it and its broker write is below `directory`."""
    ours = addresses.claim((8083, 9404))
    kafka = addresses.claim(broker.PORTS)
    files = broker.files(directory / "kafka")
    running = broker.start(directory / "kafka", kafka.address, tools, directory / "kafka.log", files)
    try:
        broker.wait(running, kafka.address)
        with metadata_endpoint(ours.address) as uri:
            bootstrap = broker.owner_access(kafka.address)
            environment = {
                **tools.environment(),
                "CONNECT_HOME": str(home),
                "CONNECT_TMP": str(directory),
                "ECS_CONTAINER_METADATA_URI_V4": uri,
                # As in the local world: it compiles quickly rather than well.
                "JAVA_TOOL_OPTIONS": "-XX:MaxRAM=2048m -XX:TieredStopAtLevel=1",
                **task_environment(),
                "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
                **variables,
            }
            log = directory / "worker.log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [home / "bin" / "entrypoint.sh"],
                    env=environment,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=directory,
                )
            started = Worker(process, ours.address, bootstrap, log, home, environment)
            try:
                wait_for(lambda: started.ask("/connectors")[0] == 200, "the worker answers", ignore=OSError)
                yield started
            finally:
                process.kill()
                process.wait()
    finally:
        broker.stop(running)
        ours.release()
        kafka.release()
