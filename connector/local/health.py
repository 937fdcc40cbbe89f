"""Whether a worker is healthy by its task definition's own check, and if not, what its log says."""

import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_START_POLL_SECONDS = 0.3


@dataclass(frozen=True)
class HealthCheck:
    """A container health check in ECS's terms, with ECS's defaults; times in seconds.

    Without a command, `GET /` of the Connect REST API must answer 200.
    """

    command: tuple[str, ...] = ()
    interval: int = 30
    timeout: int = 5
    retries: int = 3
    start_period: int = 60

    @classmethod
    def from_api(cls, value: Mapping[str, Any] | None) -> "HealthCheck":
        """From the container definition's `healthCheck`."""
        if not value:
            return cls()
        return cls(
            command=tuple(value.get("command") or ()),
            interval=int(value.get("interval") or 30),
            timeout=int(value.get("timeout") or 5),
            retries=int(value.get("retries") or 3),
            start_period=int(value.get("startPeriod") or 0),
        )

    @property
    def grace_period(self) -> int:
        """Seconds a new worker has until it counts as failed."""
        return self.start_period + self.interval * self.retries


@dataclass(frozen=True)
class ContainerProbe:
    """A health check bound to one worker."""

    check: HealthCheck
    url: str
    environment: Mapping[str, str] = field(repr=False)
    home: Path
    image_home: str

    def answers(self) -> bool:
        """Whether `GET` of the URL is 200."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url, timeout=self.check.timeout) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def passes(self) -> bool:
        """Whether the task definition's own check passes now."""
        kind, *words = self.check.command or ("NONE",)
        if kind == "NONE":
            return self.answers()
        words = [word.replace(self.image_home, str(self.home)) for word in words]
        command = ["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                env=dict(self.environment),
                cwd=self.home,
                timeout=self.check.timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0


def watch(
    probe: ContainerProbe,
    *,
    running: Callable[[], bool],
    sleep: Callable[[float], None],
    report: Callable[[bool], None],
) -> None:
    """Follow one worker until it ends; `report` is called with its first health and with its loss.

    A start is noticed at once rather than at ECS's next interval: only the waiting is shortened, the check
    is the same one.
    """
    deadline = time.monotonic() + probe.check.grace_period
    while running() and not (probe.answers() and probe.passes()):
        if time.monotonic() > deadline:
            report(False)
            return
        sleep(_START_POLL_SECONDS)
    if not running():
        return
    report(True)
    failures = 0
    while running():
        sleep(probe.check.interval)
        failures = 0 if not running() or probe.passes() else failures + 1
        if failures >= probe.check.retries:
            report(False)
            return


def cause(log: Path) -> str:
    """The last line of a log that speaks of an error, else its last line; at most 300 characters."""
    try:
        lines = log.read_bytes()[-65536:].decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    lines = [line.strip() for line in lines if line.strip()]
    for words in (("ERROR", "FATAL"), ("Exception", "rror:", "annot ")):
        for line in reversed(lines):
            if any(word in line for word in words) and not line.startswith("at "):
                return line[:300]
    return lines[-1][:300] if lines else ""
