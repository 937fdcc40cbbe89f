"""The Dockerfile's own steps, really run: built by the real command, compared, started read-only, published.

Not part of `make test`: it needs root, buildah and debootstrap. `make image-proof` runs it, or says why not.
The bases are made here (see bases.py), since a proof must not depend on a registry that may not be reached.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.domain.stage.aws_names import FOUNDATION_STACK, PRODUCT
from connector.local import addresses, aws, broker, leftovers, toolchain
from connector.local.addresses import free_port
from connector.local.aws import client_environment
from connector.local.seeds import SeededAccount
from tests.image.bases import Store, why_not
from tests.support.metadata import metadata_endpoint
from tests.support.tls_front import tls_front
from tests.support.waiting import wait_for
from tests.support.worker_environment import task_environment

_REASON = why_not()
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(_REASON is not None, reason=str(_REASON)),
    # Two Debian systems and all of the image's jars are downloaded first.
    pytest.mark.timeout(1800),
]

USER = 10001
_COMMAND = [str(Path(sys.executable).parent / "wms-connector"), "image"]

#: Starts a program in an image's file system: the root read-only, /tmp a volume, the image's user.
#: Every step execs the next, so that a signal to this process reaches the program.
_READ_ONLY = """
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
mount -o remount,bind,ro "$1"
root=$1 user=$2; shift 2
exec chroot --userspec="$user" "$root" "$@"
"""


@dataclass(frozen=True)
class Built:
    """The image, the storage it is in, and its mounted file system."""

    store: Store
    bases: Path
    local: str
    root: Path

    @property
    def docker(self) -> Mapping[str, Any]:
        """The image's configuration as Docker and ECS read it."""
        found: Mapping[str, Any] = json.loads(self.store.buildah("inspect", "--type", "image", self.local))
        config: Mapping[str, Any] = found["Docker"]["config"]
        return config


def command(store: Store, bases: Path, *words: str, **environment: str) -> dict[str, Any]:
    """`wms-connector image <words> --json` as a process."""
    done = subprocess.run(
        [*_COMMAND, *words, "--tool", "buildah", "--bases", str(bases), "--json"],
        env={**os.environ, **store.environment, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0, "its own output is above"
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def tools() -> toolchain.Toolchain:
    found = toolchain.find()
    toolchain.assemble(found, lambda _: None)
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    store = Store.make(tmp_path_factory.mktemp("proof"))
    bases = store.directory / "bases.env"
    lines = (f"{name.upper()}_IMAGE={store.make_base(name)}\n" for name in ("jre", "maven"))
    bases.write_text("".join(lines), encoding="utf-8")
    made = command(store, bases, "build")
    assert made["made"] is True
    container = store.buildah("from", made["image"])
    root = Path(store.buildah("mount", container))
    try:
        yield Built(store, bases, made["image"], root)
    finally:
        store.buildah("rm", "--all")


def test_the_image_s_directory_is_the_tested_one_byte_by_byte(built: Built, tools: toolchain.Toolchain):
    shipped, tested = built.root / "opt" / "connect", tools.connect_home
    names = sorted(path.relative_to(tested) for path in tested.rglob("*"))
    assert sorted(path.relative_to(shipped) for path in shipped.rglob("*")) == names
    files = [name for name in names if (tested / name).is_file()]
    assert len(files) > 100
    assert [name for name in files if (shipped / name).read_bytes() != (tested / name).read_bytes()] == []
    executable = [name for name in files if (tested / name).stat().st_mode & stat.S_IXUSR]
    assert [name for name in files if (shipped / name).stat().st_mode & stat.S_IXOTH] == executable


def test_the_worker_s_user_can_read_all_of_it_and_change_none(built: Built):
    for path in (built.root / "opt" / "connect").rglob("*"):
        found = path.stat()
        assert (found.st_uid, found.st_gid) == (0, 0)
        assert found.st_mode & stat.S_IROTH
        assert not found.st_mode & stat.S_IWOTH


def test_the_image_is_configured_as_the_task_definition_expects(built: Built):
    config = built.docker
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"] == ["/opt/connect/bin/entrypoint.sh"]
    assert config["WorkingDir"] == "/opt/connect"
    assert set(config["Volumes"]) == {"/tmp"}  # noqa: S108 - the image's
    assert set(config["ExposedPorts"]) == {"8083/tcp", "9404/tcp"}
    assert config["Healthcheck"]["Test"] == ["CMD", "/opt/connect/bin/healthcheck.sh"]
    assert {"CONNECT_HOME=/opt/connect", "CONNECT_TMP=/tmp"} <= set(config["Env"])


def inside(process: "subprocess.Popen[bytes]", *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a program beside the worker, in its file system and as its user."""
    where = ["nsenter", "--target", str(process.pid), "--mount", "--root", "--wd"]
    return subprocess.run(
        [*where, "--setuid", str(USER), "--setgid", str(USER), *words],
        env={"CONNECT_TMP": "/tmp", "PATH": "/usr/bin:/bin"},  # noqa: S108 - the image's
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_image_runs_read_only_as_its_user_against_a_broker(
    built: Built, tools: toolchain.Toolchain, tmp_path: Path
):
    """Entry point, user and environment are taken from the image's configuration."""
    config = built.docker
    ours = addresses.claim((8083, 9404))
    kafka = addresses.claim(broker.PORTS)
    files = broker.files(tmp_path / "kafka")
    running = broker.start(tmp_path / "kafka", kafka.address, tools, tmp_path / "kafka.log", files)
    log = tmp_path / "worker.log"
    try:
        broker.wait(running, kafka.address)
        with metadata_endpoint(ours.address) as uri, log.open("wb") as output:
            environment = {
                **dict(entry.split("=", 1) for entry in config["Env"]),
                "ECS_CONTAINER_METADATA_URI_V4": uri,
                "JAVA_TOOL_OPTIONS": "-XX:MaxRAM=2560m",
                **task_environment(),
                "KAFKA_BOOTSTRAP_SERVERS": broker.owner_access(kafka.address),
            }
            start = ["unshare", "--mount", "sh", "-c", _READ_ONLY, "sh", str(built.root), config["User"]]
            process = subprocess.Popen(
                [*start, *config["Entrypoint"]],
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                wait_for(
                    lambda: answers(f"http://{ours.address}:8083/connectors"),
                    "the worker answers",
                    120,
                    ignore=OSError,
                )
                assert answers(f"http://{ours.address}:9404/metrics")
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
                assert f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}\n" in status
                assert "CapEff:\t0000000000000000\n" in status
                assert inside(process, *config["Healthcheck"]["Test"][1:]).returncode == 0
                for place in ("/opt/connect/libs/x", "/etc/x", "/x"):
                    assert "Read-only file system" in inside(process, "touch", place).stderr
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=60) == 128 + signal.SIGTERM
            finally:
                process.kill()
                process.wait()
    finally:
        broker.stop(running)
        ours.release()
        kafka.release()
    text = log.read_text(encoding="utf-8")
    assert "Kafka Connect stopped" in text
    assert "Read-only file system" not in text


def answers(url: str) -> bool:
    """Whether an HTTP server says 200."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - http, by the callers
        return bool(answer.status == 200)


def make_foundation(endpoint: str, uri: str) -> None:
    """A foundation whose repository's name leads to the embedded registry: the real one's leads to AWS."""
    template = {
        "Resources": {
            "Images": {
                "Type": "AWS::ECR::Repository",
                "Properties": {"RepositoryName": PRODUCT, "ImageTagMutability": "IMMUTABLE"},
            }
        },
        "Outputs": {"RepositoryUri": {"Value": uri}},
    }
    client = SeededAccount(endpoint).client("cloudformation")
    client.create_stack(StackName=FOUNDATION_STACK, TemplateBody=json.dumps(template))
    client.get_waiter("stack_create_complete").wait(StackName=FOUNDATION_STACK, WaiterConfig={"Delay": 1})


def test_the_command_publishes_the_image_and_its_digest_is_what_the_registry_holds(
    built: Built, tools: toolchain.Toolchain, tmp_path: Path
):
    """The embedded ECR takes real pushes; the last step pulls by the digest that was answered."""
    state = tmp_path / "aws"
    port = free_port()
    process = aws.start(state, port, tools, tools.connect_home, enforce_iam=False, log=state / "aws.log")
    try:
        endpoint = f"http://127.0.0.1:{port}"
        aws.wait(process, endpoint)
        with tls_front(port, tmp_path) as (front, certificate):
            repository = f"127.0.0.1:{front}/{PRODUCT}"
            make_foundation(endpoint, repository)
            environment = {**client_environment(endpoint), "SSL_CERT_FILE": str(certificate)}
            before = command(built.store, built.bases, "status", **environment)
            assert (before["built"], before["published"]) == (True, False)
            published = command(built.store, built.bases, "publish", **environment)["image"]
            assert published.startswith(f"{repository}@sha256:")
            after = command(built.store, built.bases, "status", **environment)
            assert (after["published"], after["image"]) == (True, published)
            assert command(built.store, built.bases, "publish", **environment)["image"] == published
            built.store.buildah("rmi", "--force", built.local)
            assert built.store.buildah("pull", "--quiet", published, **environment)
    finally:
        aws.stop(process)
        leftovers.end_tasks(state)
