"""What `up` remembers: one JSON file in the state directory; it has passwords, so only its owner reads it."""

import fcntl
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import connector
from connector.domain.errors import OperatorError
from connector.local.processes import Process

#: The checkout: `connector/` is directly below it.
ROOT = Path(connector.__file__).resolve().parent.parent

_FORMAT = 3
#: Mails that AWS would have sent (`aws_shims.subscriptions`): requests to confirm, and all others.
MAILBOX, MAILS = "mailbox.jsonl", "mails.jsonl"
#: All that a world makes in its directory. The file that says whose it is goes last.
_OURS = (
    *("authority", "aws", "brokers", "logs", MAILBOX, MAILS, "oracle", "tasks", "world.new"),
    "world.json",
)
#: Where the world is unless somebody says otherwise.
DEFAULT = ROOT / ".local"
_WAY_OUT = "give another --directory or, if `local up` made this one, remove it and run `local up` again"
_SAVING = threading.Lock()


@dataclass
class BrokerState:
    """One Kafka cluster of one node."""

    address: str
    process: Process | None = None

    @property
    def bootstrap(self) -> str:
        """Where the cluster's owner connects: plaintext, no login, everything allowed."""
        return f"{self.address}:9090"


@dataclass
class DatabaseState:
    """The stand-in for Oracle and its logins. Passwords never appear in `repr`."""

    address: str
    port: int = 1521
    sys_password: str = field(default="", repr=False)
    app_password: str = field(default="", repr=False)
    cdc_password: str = field(default="", repr=False)
    process: Process | None = None


@dataclass
class WorldState:
    """A whole world. `endpoint` is the embedded AWS; brokers are keyed by the name of their cluster."""

    directory: Path
    endpoint: str
    enforce_iam: bool
    aws: Process | None = None
    database: DatabaseState | None = None
    #: Of the one user of the clusters, whom the secret kafkaCredentials names.
    kafka_password: str = field(default="", repr=False)
    brokers: dict[str, BrokerState] = field(default_factory=dict)
    seeded: bool = False

    @property
    def logs(self) -> Path:
        """Directory of all logs."""
        return self.directory / "logs"

    def save(self) -> None:
        """Write the file in one step, mode 0600. Parts that start at the same time may all call it."""
        with _SAVING:
            self._write()

    def _write(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = {"format": _FORMAT, **asdict(self), "directory": str(self.directory)}
        temporary = _file(self.directory).with_suffix(".new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            json.dump(content, output, indent=1)
        temporary.replace(_file(self.directory))

    def remove(self) -> None:
        """Delete what the world made, and its directory if nothing else is in there. Idempotent."""
        for name in _OURS:
            path = self.directory / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()
        with suppress(OSError):
            self.directory.rmdir()


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """One `up` or `down` of a state directory at a time; a second one waits."""
    # Not inside the directory, which `down` removes, nor beside it, where it would be in somebody's way.
    name = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    lock = ROOT / ".tools" / "locks" / name
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def addresses(directory: Path) -> frozenset[str]:
    """Addresses of the world's broker and database, running or not; none where there is no world."""
    state = load(directory)
    if state is None:
        return frozenset()
    database = (state.database.address,) if state.database else ()
    return frozenset({*(broker.address for broker in state.brokers.values()), *database})


def refuse_foreign(directory: Path) -> None:
    """Raise OperatorError for a directory in which somebody keeps something else.

    What a world makes there, `down` deletes, by names such as `logs` that others use too. The default
    directory is this project's, and more than worlds are kept in it.
    """
    if directory == DEFAULT.resolve() or not directory.is_dir() or _file(directory).exists():
        return
    found = sorted(path.name for path in directory.iterdir())
    if found:
        raise OperatorError(
            f"{directory} holds {found[0]!r} and is not a local world; give --directory an empty "
            "or a new directory"
        )


def load(directory: Path) -> WorldState | None:
    """The remembered world, or None if there is none.

    Raises OperatorError if the file is not one of ours.
    """
    file = _file(directory)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content.get("format") == _FORMAT:
            return _world(directory, content)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OperatorError(f"{file} is damaged ({type(error).__name__}: {error}): {_WAY_OUT}") from error
    raise OperatorError(f"{file} is from another version or not the state of a local world: {_WAY_OUT}")


def _world(directory: Path, content: Mapping[str, Any]) -> WorldState:
    return WorldState(
        directory=directory,
        endpoint=content["endpoint"],
        enforce_iam=content["enforce_iam"],
        aws=_process(content["aws"]),
        database=_database(content["database"]),
        kafka_password=content["kafka_password"],
        brokers={name: _broker(value) for name, value in content["brokers"].items()},
        seeded=content["seeded"],
    )


def _file(directory: Path) -> Path:
    return directory / "world.json"


def _process(value: Mapping[str, Any] | None) -> Process | None:
    return None if value is None else Process.from_dict(value)


def _broker(value: Mapping[str, Any]) -> BrokerState:
    return BrokerState(address=value["address"], process=_process(value["process"]))


def _database(value: Mapping[str, Any] | None) -> DatabaseState | None:
    return None if value is None else DatabaseState(**{**value, "process": _process(value["process"])})
