"""PostgreSQL with logical decoding, run without root rights and without a container.

The server refuses to run as uid 0. Where the user is root, it runs in a user namespace in which the same
user has another number: no rights are given away, so data and binaries may lie beneath a directory such as
/root. Where namespaces are forbidden, it runs as `nobody` from a copy outside the checkout.
See docs/decisions/0003-postgresql-stand-in.md.
"""

import hashlib
import io
import os
import platform
import shutil
import signal
import subprocess
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from connector.domain.errors import OperatorError
from connector.local.processes import Process, become, end, spawn, wait_until
from connector.local.state import ROOT
from connector.local.toolchain import Report, Toolchain, run_maven

VERSION = "17.11.0"

#: Machine as Python names it -> (as the artifact names it, SHA-256 of the jar).
_ARTIFACTS = {
    "x86_64": ("amd64", "0dd7b72b6f335b8ecfb355fa24c5781e8a93edd09880bb77eb52ebbf29b3e96d"),
    "aarch64": ("arm64v8", "8b042e0ea418b1927d95399207950da0734d27fe01e29503ade3bdc464ad4c2b"),
}

_TOOLS = ROOT / ".tools" / "postgresql"
_NOBODY = 65534

_CONFIGURATION = """
listen_addresses = '{address}'
port = {port}
unix_socket_directories = ''
wal_level = logical
max_wal_senders = 40
max_replication_slots = 40
max_connections = 120
shared_buffers = 64MB
# A disk flush guards against power cuts only; a commit still reaches the kernel, which a kill survives.
fsync = off
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# A statement that sets a password must not end up in the log.
log_min_error_statement = panic
log_line_prefix = '%m '
"""


@dataclass(frozen=True)
class Runner:
    """How this user may run the server: words before the command, or a uid to become."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None


def runner() -> Runner:
    """The way that works for this user on this machine."""
    if os.geteuid() != 0:
        return Runner()
    prefix = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if (
        shutil.which("unshare")
        and not subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
    ):
        return Runner(prefix=prefix)
    return Runner(uid=_NOBODY)


def install(tools: Toolchain, report: Report) -> Path:
    """The directory with `bin/postgres`: fetched by Maven, checked and unpacked unless it is there already.

    Raises OperatorError on an unknown machine, a failed download or a wrong checksum.
    """
    home = _TOOLS / VERSION
    if (home / "bin" / "postgres").exists():
        return home
    machine = platform.machine()
    if machine not in _ARTIFACTS:
        raise OperatorError(
            f"PostgreSQL has no binaries for {machine}; it has some for {', '.join(_ARTIFACTS)}"
        )
    architecture, checksum = _ARTIFACTS[machine]
    _TOOLS.mkdir(parents=True, exist_ok=True)
    report(f"fetching PostgreSQL {VERSION} with Maven (once)")
    definitions = {"version": VERSION, "architecture": architecture, "directory": str(_TOOLS)}
    goals = [f"-Dpostgresql.{key}={value}" for key, value in definitions.items()]
    run_maven(tools, Path(__file__).parent / "postgresql" / "pom.xml", [*goals, "package"], report)
    content = (_TOOLS / "postgresql.jar").read_bytes()
    if hashlib.sha256(content).hexdigest() != checksum:
        raise OperatorError(
            f"the PostgreSQL binaries in {_TOOLS} do not have the expected checksum; "
            "remove them and run this again"
        )
    _unpack(content, home)
    (_TOOLS / "postgresql.jar").unlink()
    return home


def _unpack(jar: bytes, home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=_TOOLS) as temporary, zipfile.ZipFile(io.BytesIO(jar)) as outer:
        archive = next(name for name in outer.namelist() if name.endswith(".txz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(archive)), mode="r:xz") as inner:
            target = Path(temporary) / "home"
            if hasattr(tarfile, "data_filter"):
                inner.extractall(target, filter="data")
            else:
                # Python before 3.11.4 has no filters; the archive's checksum was compared above.
                inner.extractall(target)  # noqa: S202
        (Path(temporary) / "home").rename(home)


def start(home: Path, data: Path, address: str, port: int, *, admin_password: str, log: Path) -> Process:
    """Start the server (its cluster is made first if new); does not wait for it."""
    how = runner()
    if how.uid is not None:
        home, data = _outside(home, data, how.uid)
    if not (data / "PG_VERSION").exists():
        _initialise(home, data, admin_password, how)
    # Written at every start: a world that kept its data may come up at another address.
    _give(data / "postgresql.auto.conf", _CONFIGURATION.format(address=address, port=port), how)
    command = [*how.prefix, str(home / "bin" / "postgres"), "-D", str(data)]
    return spawn(command, log=log, env=_environment(), cwd=data, uid=how.uid)


def wait(process: Process, address: str, port: int, admin_password: str, seconds: float = 30) -> None:
    """Wait until the server lets somebody in: it listens while it still recovers. Raises DeadlineExceeded."""

    def ready() -> bool:
        try:
            psycopg.connect(
                host=address,
                port=port,
                user="postgres",
                password=admin_password,
                connect_timeout=5,
                dbname="postgres",
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    wait_until(ready, what=f"PostgreSQL at {address}:{port}", seconds=seconds, process=process)


def stop(process: Process, *, kill: bool = False) -> None:
    """End the server: connections are cut at once, data is written (`kill`: not even that)."""
    end(process, grace=15, first=signal.SIGKILL if kill else signal.SIGINT)


def remove(data: Path) -> None:
    """Delete the copy that lies outside the checkout, if there is one. Idempotent."""
    shutil.rmtree(_copy_of(data), ignore_errors=True)


def _initialise(home: Path, data: Path, admin_password: str, how: Runner) -> None:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if how.uid is not None:
        os.chown(data, how.uid, how.uid)
    password = data.parent / "password"
    _give(password, admin_password, how)
    command = [
        *how.prefix,
        str(home / "bin" / "initdb"),
        "-D",
        str(data),
        "-U",
        "postgres",
        "-A",
        "scram-sha-256",
        "--pwfile",
        str(password),
        "-E",
        "UTF8",
        "--no-locale",
        "--no-sync",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=_environment(),
        cwd=data,
        check=False,
        **become(how.uid),
    )
    password.unlink()
    if done.returncode:
        raise OperatorError(
            f"PostgreSQL cannot create its data directory {data}: {done.stderr.strip()[-300:]}"
        )


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}


def _give(path: Path, text: str, how: Runner) -> None:
    """Write a file that only the server's user can read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(text)
    if how.uid is not None:
        os.chown(path, how.uid, how.uid)


def _copy_of(data: Path) -> Path:
    name = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"wms-connector-postgresql-{name}"


def _outside(home: Path, data: Path, uid: int) -> tuple[Path, Path]:
    """Binaries and data where `uid` can reach them."""
    base = _copy_of(data)
    if not base.exists():
        base.mkdir(mode=0o700)
        shutil.copytree(home, base / "home", symlinks=True)
        os.chown(base, uid, uid)
    if base.stat().st_uid != uid:
        raise OperatorError(f"{base} belongs to another user; remove it")
    return base / "home", base / "data"
