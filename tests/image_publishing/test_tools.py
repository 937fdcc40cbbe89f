"""Each container tool is spoken to in its own words, and no password in any of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.domain.errors import OperatorError, ServerError
from connector.domain.secrets.redacted import Redacted
from connector.image_publishing import tools
from connector.image_publishing.tools import Docker, Login, Tool
from tests.image_publishing.fake_tools import DIGEST, Shell

PASSWORD = "pushing-passw0rd"
LOGIN = Login("registry.example", "AWS", Redacted(PASSWORD))
TARGET = "registry.example/wms-connector:1"

ADAPTERS: dict[str, Callable[[Shell], Tool]] = {
    "docker": Docker,
    "podman": tools.podman,
    "buildah": tools.buildah,
}
every_tool = pytest.mark.parametrize("name", ADAPTERS)


@every_tool
def test_a_build_is_for_fargate_s_platform_with_both_bases_by_digest(name: str):
    shell = Shell()
    ADAPTERS[name](shell).build(
        Path("/image"), {"JRE_IMAGE": "x@sha256:1", "MAVEN_IMAGE": "y@sha256:2"}, "local:1"
    )
    (command,) = shell.ran(f"{name} build ")
    assert "--platform linux/amd64" in command
    assert "--build-arg=JRE_IMAGE=x@sha256:1 --build-arg=MAVEN_IMAGE=y@sha256:2" in command
    assert command.endswith("--tag local:1 /image")
    # The OCI format, their default, drops the health check.
    assert ("--format docker" in command) == (name != "docker")


@every_tool
def test_the_password_goes_to_standard_input_and_into_no_command(name: str):
    shell = Shell(answers={"docker context": "unix:///engine.sock"})
    ADAPTERS[name](shell).push("local:1", TARGET, LOGIN)
    assert shell.given == [PASSWORD]
    (login,) = shell.ran(f"{name} login")
    assert login.endswith("--username AWS --password-stdin registry.example")
    assert shell.commands.index(login) < shell.commands.index(shell.ran(f"{name} push")[0])
    assert TARGET in shell.ran(f"{name} push")[0]
    assert PASSWORD not in " ".join(shell.commands)
    assert not any(PASSWORD in str(environment) for environment in shell.environments)


def test_docker_logs_in_beside_the_user_s_configuration_and_on_the_user_s_engine(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    shell = Shell(answers={"docker context": "unix:///engine.sock\n"})
    Docker(shell).push("local:1", TARGET, LOGIN)
    environments = dict(zip(shell.commands, shell.environments, strict=True))
    used = [environments[shell.ran(f"docker {word}")[0]] for word in ("login", "tag", "push")]
    assert len({environment["DOCKER_CONFIG"] for environment in used}) == 1
    assert {environment["DOCKER_HOST"] for environment in used} == {"unix:///engine.sock"}
    assert not Path(used[0]["DOCKER_CONFIG"]).exists()


@every_tool
def test_a_failed_build_says_which_command_failed(name: str):
    shell = Shell(failing={f"{name} build": ""})
    with pytest.raises(ServerError, match=f"{name} build failed with status 1: see its output above"):
        ADAPTERS[name](shell).build(Path("/image"), {}, "local:1")


@every_tool
def test_a_refused_login_is_reported_in_the_registry_s_words(name: str):
    shell = Shell(failing={f"{name} login": "noise\nunauthorized: not you"})
    with pytest.raises(ServerError, match=f"{name} login failed with status 1: unauthorized: not you"):
        ADAPTERS[name](shell).push("local:1", TARGET, LOGIN)
    assert shell.ran(f"{name} push") == []


@every_tool
def test_the_digest_of_a_base_is_asked_of_its_registry(name: str):
    answers = {
        "docker image inspect": f"x.example/jre@{DIGEST}\n",
        "podman image inspect": f"{DIGEST}\n",
        "buildah inspect": f"{DIGEST}\n",
    }
    shell = Shell(answers=answers)
    assert ADAPTERS[name](shell).digest("x.example/jre:17") == DIGEST
    assert shell.commands[0] == f"{name} pull --platform linux/amd64 x.example/jre:17"


def choices(shell: Shell) -> dict[str, Callable[[], Tool]]:
    return {name: lambda make=make: make(shell) for name, make in ADAPTERS.items()}  # type: ignore[misc]


def test_a_docker_without_engine_leaves_the_work_to_the_next_tool():
    shell = Shell(
        failing={"docker version": "Cannot connect to the Docker daemon"}, missing=frozenset({"podman"})
    )
    assert tools.choose(None, choices(shell)).name == "buildah"


def test_where_no_tool_works_one_line_says_of_each_why():
    shell = Shell(
        failing={"docker version": "Cannot connect to the Docker daemon"},
        missing=frozenset({"podman", "buildah"}),
    )
    with pytest.raises(OperatorError) as caught:
        tools.choose(None, choices(shell))
    assert str(caught.value) == (
        "no container tool works on this machine (docker: Cannot connect to the Docker daemon; podman: not "
        "installed; "
        "buildah: not installed); install or start one of docker, podman, buildah"
    )


def test_a_tool_that_was_asked_for_is_the_only_one_tried():
    with pytest.raises(OperatorError, match="podman: not installed"):
        tools.choose("podman", choices(Shell(missing=frozenset({"podman"}))))


def test_what_a_tool_prints_reaches_the_operator_and_a_password_reaches_the_tool(
    capfd: pytest.CaptureFixture[str],
):
    """The real runner."""
    done = tools.run(
        ["sh", "-c", "read word; echo got $word $EXTRA"], given="it\n", environment={"EXTRA": "x"}
    )
    assert done.stdout == "got it x\n"
    tools.run(["sh", "-c", "echo building"], shown=True)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "building\n")
