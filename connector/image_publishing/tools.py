"""docker, podman and buildah, as far as they are needed here: build, inspect, push, read a base's digest.

A tool gets a password on its standard input and in a file of this run, never as an argument and never in the
user's own configuration. Everything else (BUILDAH_ISOLATION, STORAGE_DRIVER, DOCKER_HOST) a tool takes from
the environment as usual.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connector.domain.errors import OperatorError, ServerError
from connector.domain.secrets.redacted import Redacted

#: The task definition's platform, whatever machine builds.
PLATFORM = "linux/amd64"


class Run(Protocol):
    """Runs one command; `shown` lets its output through to stderr instead of capturing it."""

    def __call__(
        self,
        command: Sequence[str],
        *,
        given: str | None = None,
        environment: Mapping[str, str] | None = None,
        shown: bool = False,
    ) -> "subprocess.CompletedProcess[str]": ...


def run(
    command: Sequence[str],
    *,
    given: str | None = None,
    environment: Mapping[str, str] | None = None,
    shown: bool = False,
) -> "subprocess.CompletedProcess[str]":
    """The real `Run`: `given` is standard input, `environment` is added to this process's."""
    output = sys.stderr if shown else subprocess.PIPE
    return subprocess.run(
        command,
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        stdout=output,
        stderr=output,
        env={**os.environ, **(environment or {})},
        text=True,
        errors="replace",
        check=False,
    )


@dataclass(frozen=True)
class Login:
    """A registry and who may push to it."""

    registry: str
    user: str
    password: Redacted


class Tool(Protocol):
    """What builds and pushes images."""

    @property
    def name(self) -> str: ...

    def problem(self) -> str | None:
        """Why it cannot be used here; None when it can."""

    def build(self, context: Path, arguments: Mapping[str, str], reference: str) -> None:
        """Build `context` with these build arguments and call the result `reference`."""

    def has(self, reference: str) -> bool:
        """Whether this machine has the image."""

    def push(self, reference: str, target: str, login: Login) -> None:
        """Push the image `reference` as `target`."""

    def digest(self, reference: str) -> str:
        """The digest that the registry gives for `reference` now; pulls the image."""


@dataclass(frozen=True)
class Docker:
    """Docker: the client may be there without an engine that answers."""

    run: Run = run
    name: str = "docker"

    def problem(self) -> str | None:
        """No client, or no engine."""
        return _problem(self.run, [self.name, "version", "--format", "{{.Server.Version}}"])

    def build(self, context: Path, arguments: Mapping[str, str], reference: str) -> None:
        """With one manifest: attestations would make the image an index of two."""
        command = [self.name, "build", *_build_options(arguments, reference), str(context)]
        _checked(self.run, command, environment={"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}, shown=True)

    def has(self, reference: str) -> bool:
        """By name in the engine."""
        return self.run([self.name, "image", "inspect", reference]).returncode == 0

    def push(self, reference: str, target: str, login: Login) -> None:
        """With a configuration of its own, so that the user's keeps its logins."""
        endpoint = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
        host = os.environ.get("DOCKER_HOST") or _checked(self.run, [self.name, *endpoint])
        with tempfile.TemporaryDirectory() as directory:
            environment = {"DOCKER_CONFIG": directory, "DOCKER_HOST": host, "DOCKER_CONTEXT": ""}
            _login(self.run, [self.name, "login"], login, environment)
            _checked(self.run, [self.name, "tag", reference, target], environment=environment)
            _checked(self.run, [self.name, "push", target], environment=environment, shown=True)

    def digest(self, reference: str) -> str:
        """Of the list of platforms, if the tag names one."""
        _checked(self.run, [self.name, "pull", "--platform", PLATFORM, reference], shown=True)
        command = [self.name, "image", "inspect", "--format", "{{index .RepoDigests 0}}", reference]
        return _checked(self.run, command).rpartition("@")[2]


@dataclass(frozen=True)
class Daemonless:
    """podman and buildah, whose commands are the same here but for these three."""

    name: str
    #: Succeeds only where the tool can work, and how it prints an image's digest.
    probe: tuple[str, ...]
    inspect: tuple[str, ...]
    digest_field: str
    run: Run = run

    def problem(self) -> str | None:
        """Not installed, or without a place for images."""
        return _problem(self.run, [self.name, *self.probe])

    def build(self, context: Path, arguments: Mapping[str, str], reference: str) -> None:
        """In Docker's format: the other one has no health check."""
        options = ["--format", "docker", *_build_options(arguments, reference)]
        _checked(self.run, [self.name, "build", *options, str(context)], shown=True)

    def has(self, reference: str) -> bool:
        """By name in the user's storage."""
        return self.run([self.name, *self.inspect, reference]).returncode == 0

    def push(self, reference: str, target: str, login: Login) -> None:
        """With a file of its own for the login."""
        with tempfile.TemporaryDirectory() as directory:
            file = ["--authfile", str(Path(directory, "auth.json"))]
            _login(self.run, [self.name, "login", *file], login, {})
            _checked(self.run, [self.name, "push", *file, reference, f"docker://{target}"], shown=True)

    def digest(self, reference: str) -> str:
        """Of the image for the platform that is built for."""
        _checked(self.run, [self.name, "pull", "--platform", PLATFORM, reference], shown=True)
        return _checked(self.run, [self.name, *self.inspect, "--format", self.digest_field, reference])


def podman(run: Run = run) -> Daemonless:
    """The adapter for podman."""
    return Daemonless("podman", ("info",), ("image", "inspect"), "{{.Digest}}", run)


def buildah(run: Run = run) -> Daemonless:
    """The adapter for buildah."""
    inspect = ("inspect", "--type", "image")
    return Daemonless("buildah", ("images", "--quiet"), inspect, "{{.FromImageDigest}}", run)


ALL: Mapping[str, Callable[[], Tool]] = {"docker": Docker, "podman": podman, "buildah": buildah}


def choose(wanted: str | None = None, tools: Mapping[str, Callable[[], Tool]] = ALL) -> Tool:
    """The tool that was asked for, else the first that works here; raises with each one's own message."""
    problems: list[str] = []
    for name in [wanted] if wanted else tools:
        tool = tools[name]()
        problem = tool.problem()
        if problem is None:
            return tool
        problems.append(f"{name}: {problem}")
    raise OperatorError(
        f"no container tool works on this machine ({'; '.join(problems)}); install or start one of "
        f"{', '.join(tools)}"
    )


def _build_options(arguments: Mapping[str, str], reference: str) -> list[str]:
    given = [f"--build-arg={name}={value}" for name, value in sorted(arguments.items())]
    return ["--platform", PLATFORM, *given, "--tag", reference]


def _login(run: Run, command: Sequence[str], login: Login, environment: Mapping[str, str]) -> None:
    _checked(
        run,
        [*command, "--username", login.user, "--password-stdin", login.registry],
        given=login.password.reveal(),
        environment=environment,
    )


def _problem(run: Run, command: Sequence[str]) -> str | None:
    try:
        done = run(command)
    except OSError as error:
        return "not installed" if isinstance(error, FileNotFoundError) else str(error.strerror)
    return None if done.returncode == 0 else _last_line(done)


def _checked(
    run: Run,
    command: Sequence[str],
    *,
    given: str | None = None,
    environment: Mapping[str, str] | None = None,
    shown: bool = False,
) -> str:
    """The command's output without its last newline; raises `ServerError` when it fails."""
    done = run(command, given=given, environment=environment, shown=shown)
    if done.returncode != 0:
        words = "see its output above" if shown else _last_line(done)
        raise ServerError(f"{command[0]} {command[1]} failed with status {done.returncode}: {words}")
    return (done.stdout or "").strip()


def _last_line(done: "subprocess.CompletedProcess[str]") -> str:
    lines = ((done.stderr or "") + (done.stdout or "")).strip().splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"
