"""The stand-in for Fargate: runs a task's container as a process of this machine.

MiniStack's ECS drives a container engine through the few calls of the Docker client that it needs. This
module answers those calls with processes: the image is the directory that the Dockerfile copies, the
network interface is an address 127.0.0.N, the memory limit becomes the JVM's idea of the machine's memory
and, where this machine allows it, one that the kernel enforces (see `limits`).
Nothing of the server's environment reaches a worker beyond PATH, JAVA_HOME and LANG.
"""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.local import health, limits
from connector.local import state as states
from connector.local.addresses import Claim, claim
from connector.local.processes import start_time

CONNECT_PORT = 8083
METRICS_PORT = 9404

#: Where the image has what lies in the assembled directory here.
IMAGE_HOME = "/opt/connect"

#: ECS's message for a container that exceeded its memory.
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"

#: ECS's own default between SIGTERM and SIGKILL, in seconds.
_STOP_TIMEOUT = 30


@dataclass(frozen=True)
class Launch:
    """What a launched task definition says about its container. `environment` includes resolved secrets."""

    task_arn: str
    service: str
    environment: Mapping[str, str] = field(repr=False)
    secrets: frozenset[str] = frozenset()
    memory_mib: int | None = None
    #: The task's, not the container's: a container alone in its task may use all of it.
    cpu_units: int | None = None
    command: tuple[str, ...] = ()
    stop_timeout: int = _STOP_TIMEOUT
    health_check: health.HealthCheck = field(default_factory=health.HealthCheck)

    @property
    def task_id(self) -> str:
        """The last part of the ARN."""
        return self.task_arn.rsplit("/", 1)[-1]


def _ignored(_task_arn: str, _healthy: bool) -> None:  # noqa: FBT001 - the shape of a callback
    """Nobody asked for a report."""


class FargateRuntime:
    """The container engine that MiniStack is given; `containers` and `images` are Docker's names."""

    def __init__(
        self,
        *,
        connect_home: Path,
        state: Path,
        base_environment: Mapping[str, str],
        enforce_cpu: bool = False,
    ) -> None:
        self.containers = self
        self.images = self
        self.connect_home = connect_home
        self.state = state
        self.base_environment = dict(base_environment)
        #: Off by default: nobody should wait for the sake of a limit that kills nothing.
        self.enforce_cpu = enforce_cpu
        #: Called with (task ARN, healthy) whenever that changes.
        self.on_health: Callable[[str, bool], None] = _ignored
        self._claims: dict[str, Claim] = {}
        self._workers: dict[str, Worker] = {}
        self._lock = threading.Lock()

    def address(self, task_arn: str) -> str:
        """The task's own address, chosen at the first call."""
        with self._lock:
            if task_arn not in self._claims:
                self._claims[task_arn] = claim(
                    (CONNECT_PORT, METRICS_PORT), besides=states.addresses(self.state)
                )
            return self._claims[task_arn].address

    def run(self, _image: str, *, launch: Launch) -> "Worker":
        """Start the worker. Raises OSError if the entry point cannot be executed."""
        worker = Worker(self, launch, self.address(launch.task_arn))
        with self._lock:
            self._workers[worker.id] = worker
        return worker

    def get(self, identity: str) -> Any:
        """A worker by its id. Raises KeyError."""
        with self._lock:
            return self._workers[identity]

    def list(self, **_: Any) -> "list[Worker]":
        """All workers that were not removed."""
        with self._lock:
            return [*self._workers.values()]

    def of_task(self, task_arn: str) -> "Worker | None":
        """The worker of a task, if it was started and not removed."""
        return next((worker for worker in self.list() if worker.launch.task_arn == task_arn), None)

    def log_of(self, service: str, task_id: str) -> Path:
        """The log file of a task."""
        return self.state / "logs" / f"{service}-{task_id[:8]}.log"

    def forget(self, worker: "Worker") -> None:
        """Give up a worker and its address."""
        with self._lock:
            self._workers.pop(worker.id, None)
        self.release(worker.launch.task_arn)

    def release(self, task_arn: str) -> None:
        """Give up the address of a task. Idempotent."""
        with self._lock:
            held = self._claims.pop(task_arn, None)
        if held is not None:
            held.release()

    def close(self) -> None:
        """End all workers: together, so that the longest stop is the whole wait."""
        threads = [threading.Thread(target=worker.stop) for worker in self.list()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Worker:
    """One process, with the face of a Docker container."""

    def __init__(self, runtime: FargateRuntime, launch: Launch, address: str) -> None:
        self.launch = launch
        self.address = address
        self.id = launch.task_id.replace("-", "") + "0" * 32
        self.log = runtime.log_of(launch.service, launch.task_id)
        self._runtime = runtime
        self._directory = runtime.state / "tasks" / launch.task_id
        self._environment = self._compose()
        self._ending = threading.Lock()
        self._killed = False
        self._limits = self._enforce(runtime)
        self._process = self._spawn()
        self._record()
        threading.Thread(target=self._watch, daemon=True, name=f"health-{launch.task_id[:8]}").start()

    @property
    def attrs(self) -> dict[str, Any]:
        """The part of `docker inspect` that MiniStack reads: the address."""
        return {"NetworkSettings": {"Networks": {"awsvpc": {"IPAddress": self.address}}}}

    @property
    def status(self) -> str:
        """`running` or `exited`."""
        return "running" if self._process.poll() is None else "exited"

    def reload(self) -> None:
        """Nothing is cached."""

    def wait(self) -> dict[str, int]:
        """Exit code as Docker counts: 128 + signal for a killed process."""
        code = self._process.wait()
        return {"StatusCode": 128 - code if code < 0 else code}

    def stop(self, **_: Any) -> None:
        """SIGTERM, the task definition's `stopTimeout`, SIGKILL; a `timeout` given is Docker's idea."""
        if self._process.poll() is not None:
            return
        self._signal(signal.SIGTERM)
        # A worker that a fault test has frozen would not even see SIGKILL's siblings.
        self._signal(signal.SIGCONT)
        try:
            self._process.wait(self.launch.stop_timeout)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def remove(self, **_: Any) -> None:
        """Forget the worker and its temporary files; its log stays."""
        self.stop()
        self._lift()
        self._runtime.forget(self)
        shutil.rmtree(self._directory, ignore_errors=True)

    def logs(self, **_: Any) -> Iterator[bytes]:
        """Lines as they are written, until the process has ended and all is read."""
        with self.log.open("rb") as source:
            rest = b""
            while True:
                # Asked before reading, so that nothing written before the end is missed.
                ended = self._process.poll() is not None
                chunk = source.read(65536)
                lines = (rest + chunk).splitlines(keepends=True)
                rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
                yield from lines
                if ended and not chunk:
                    break
                if not chunk:
                    self._sleep(0.25)
            if rest:
                yield rest

    @property
    def out_of_memory(self) -> bool:
        """Whether it was killed for needing more memory than it may have."""
        with self._ending:
            return self._killed or (self._limits is not None and self._limits.killed())

    def last_error(self) -> str:
        """The line of the log that most likely says why it ended, without any secret."""
        return OUT_OF_MEMORY if self.out_of_memory else self.redacted(health.cause(self.log))

    def redacted(self, text: str) -> str:
        """`text` with the values of this worker's secrets replaced."""
        for name in self.launch.secrets:
            value = self.launch.environment.get(name, "")
            if len(value) > 3:
                text = text.replace(value, "***")
        return text

    def _compose(self) -> dict[str, str]:
        environment = {
            **self._runtime.base_environment,
            "CONNECT_HOME": str(self._runtime.connect_home),
            "CONNECT_TMP": str(self._directory / "tmp"),
            **self.launch.environment,
        }
        if self.launch.memory_mib:
            # The JVM would size its heap by this machine; the container's limit is what it has on Fargate.
            options = [environment.get("JAVA_TOOL_OPTIONS", ""), f"-XX:MaxRAM={self.launch.memory_mib}m"]
            environment["JAVA_TOOL_OPTIONS"] = " ".join(filter(None, options))
        return environment

    def _enforce(self, runtime: FargateRuntime) -> limits.Group | None:
        cpu = self.launch.cpu_units if runtime.enforce_cpu else None
        return limits.make(self.launch.task_id, memory_mib=self.launch.memory_mib, cpu_units=cpu)

    def _lift(self) -> None:
        """Give the control group back, but not what it reported."""
        with self._ending:
            held, self._limits = self._limits, None
            self._killed = self._killed or (held is not None and held.killed())
        limits.remove(self.launch.task_id)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        (self._directory / "tmp").mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        home = str(self._runtime.connect_home)
        command = [part.replace(IMAGE_HOME, home) for part in self.launch.command]
        try:
            with self.log.open("ab") as output:
                process = subprocess.Popen(
                    command or [f"{home}/bin/entrypoint.sh"],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self._environment,
                    cwd=home,
                    start_new_session=True,
                )
        except OSError:
            limits.remove(self.launch.task_id)
            raise
        if self._limits is not None:
            self._limits.add(process.pid)
        return process

    def _record(self) -> None:
        """So that `down` finds the worker even if the embedded AWS was killed."""
        started = start_time(self._process.pid)
        if started is not None:
            content = {
                "pid": self._process.pid,
                "started": started,
                "log": str(self.log),
                "service": self.launch.service,
                "address": self.address,
            }
            (self._directory / "process.json").write_text(json.dumps(content), encoding="utf-8")

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _sleep(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def _watch(self) -> None:
        probe = health.ContainerProbe(
            check=self.launch.health_check,
            url=f"http://{self.address}:{CONNECT_PORT}/",
            environment=self._environment,
            home=self._runtime.connect_home,
            image_home=IMAGE_HOME,
        )
        health.watch(
            probe,
            running=lambda: self._process.poll() is None,
            sleep=self._sleep,
            report=lambda healthy: self._runtime.on_health(self.launch.task_arn, healthy),
        )
        # MiniStack forgets a container that ended by itself without removing it.
        self._process.wait()
        self._lift()
