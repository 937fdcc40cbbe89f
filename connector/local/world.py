"""The local world as a whole: brought up, asked about and taken down."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connector.domain.capture.acls import acls
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.stage import NAMED_STAGES, Stage, refusal
from connector.local import aws, broker, grants, leftovers, room, toolchain
from connector.local import state as states
from connector.local.addresses import available, claim, free_port, listening
from connector.local.broker_tls import Authority, BrokerFiles
from connector.local.database import LocalDatabase
from connector.local.oracle import plugin
from connector.local.oracle import process as oracle
from connector.local.processes import Process
from connector.local.seeds import SeededAccount
from connector.local.state import BrokerState, DatabaseState, WorldState
from connector.local.toolchain import Report, Toolchain

#: The cluster that the `default` secrets name.
DEFAULT_BROKER = "default"


def _silent(_: str) -> None:
    """A report that nobody reads."""


class World:
    """A running local world. Made by `World.up` or `World.attach`."""

    def __init__(self, state: WorldState, tools: Toolchain, report: Report = _silent) -> None:
        self.state = state
        self._tools = tools
        self._report = report
        #: Whether this `up` made the embedded account: what an earlier one held is gone.
        self.account_is_new = False
        #: Whether a `with` block stops the world at its end, and whether it then keeps its data.
        self._stops, self._keeps = False, False

    @classmethod
    def up(
        cls,
        directory: Path | str | None = None,
        *,
        enforce_iam: bool = False,
        report: Report = _silent,
    ) -> "World":
        """Bring everything up that is not up; `directory` is the state directory (`.local` of the checkout).

        At the end of a `with` block a world that was up before stays up. One that this call started is
        stopped; its data are removed, unless they were there before.

        Raises OperatorError for missing prerequisites and for a directory that holds something else,
        DeadlineExceeded for a part that does not start.
        """
        target = Path(directory or states.DEFAULT).resolve()
        states.refuse_foreign(target)
        tools = toolchain.find()
        if states.load(target) is None:
            room.check(target, room.WORLD_MB, "a local world", "give --directory on another disk")
        plugin.worker_home(tools, report)
        with states.locked(target):
            state = states.load(target)
            if state is None:
                leftovers.end_tasks(target)
                state = WorldState(
                    target,
                    f"http://127.0.0.1:{free_port()}",
                    enforce_iam,
                    kafka_password=secrets.token_urlsafe(18),
                )
            elif state.enforce_iam != enforce_iam and state.aws and state.aws.alive:
                raise OperatorError(_other_setting(enforced=state.enforce_iam))
            world = cls(state, tools, report)
            world._keeps = bool(state.brokers or state.database)
            world._stops = not world._any_alive()
            try:
                world._start(enforce_iam=enforce_iam)
            except BaseException:
                # Half a world helps nobody; logs and data stay for inspection and another try.
                world._end(keep=True)
                raise
        return world

    @classmethod
    def attach(cls, directory: Path | str | None = None) -> "World":
        """The world that is up; a `with` block leaves it up. Raises OperatorError if none is."""
        target = Path(directory or states.DEFAULT).resolve()
        state = states.load(target)
        if state is None:
            raise OperatorError("the local world is not running: run `wms-connector local up`")
        return cls(state, toolchain.find())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stops:
            self.down(keep=self._keeps)

    # -- what it is ----------------------------------------------------------

    def env(self) -> dict[str, str]:
        """Variables with which AWS clients, the stock `sceptre` too, reach this world."""
        return aws.client_environment(self.state.endpoint)

    @property
    def account(self) -> SeededAccount:
        """The embedded AWS account."""
        return SeededAccount(self.state.endpoint)

    @property
    def kafka_bootstrap(self) -> str:
        """Where the owner of the default cluster connects: everything is allowed there."""
        return self.state.brokers[DEFAULT_BROKER].bootstrap

    def broker_string(self, name: str = DEFAULT_BROKER, auth: KafkaAuth = KafkaAuth.SCRAM) -> str:
        """What a stage's secret brokerString says of a cluster, for one way of authenticating."""
        return broker.broker_string(self.state.brokers[name].address, auth)

    @property
    def authority(self) -> Authority:
        """Who signs the brokers' certificates."""
        return Authority(self.state.directory / "authority")

    @property
    def database(self) -> LocalDatabase:
        """The source database."""
        if self.state.database is None:
            raise OperatorError("the local world has no database yet: run `wms-connector local up`")
        return LocalDatabase.of(self.state.database)

    @property
    def logs(self) -> Path:
        """Directory of all logs."""
        return self.state.logs

    def status(self) -> dict[str, Any]:
        """Parts and workers: running or not, address, pid, log. No password."""
        return {
            "running": all(process is not None and process.alive for process in self._processes()),
            "directory": str(self.state.directory),
            "enforceIam": self.state.enforce_iam,
            "aws": _part(self.state.aws, self.state.endpoint),
            "database": _part(
                self.state.database.process if self.state.database else None,
                f"{self.state.database.address}:{self.state.database.port}" if self.state.database else "",
            ),
            "brokers": {name: _part(b.process, b.bootstrap) for name, b in self.state.brokers.items()},
            "tasks": leftovers.tasks(self.state.directory),
        }

    def _processes(self) -> list[Process | None]:
        """The process of each part, running or not."""
        database = self.state.database.process if self.state.database else None
        return [self.state.aws, database, *(found.process for found in self.state.brokers.values())]

    def _any_alive(self) -> bool:
        return any(process is not None and process.alive for process in self._processes())

    # -- parts ---------------------------------------------------------------

    def start_broker(self, name: str = DEFAULT_BROKER) -> str:
        """Start a cluster, new or with the data and address it had; answers where its owner connects.

        A new one lets the named stages in.
        """
        known = self.state.brokers.get(name)
        if known and known.process and known.process.alive:
            return known.bootstrap
        with _claimed(broker.PORTS, known.address if known else None) as address:
            directory = self.state.directory / "brokers" / name
            files = BrokerFiles(
                self.authority,
                directory / "broker.pem",
                self.state.directory / aws.MSK_IAM_FILE,
                self.state.kafka_password,
            )
            log = self.logs / f"broker-{name}.log"
            process = broker.start(directory, address, self._tools, log, files)
            self.state.brokers[name] = BrokerState(address, process)
            self.state.save()
            broker.wait(process, address)
            if known is None:
                for stage in NAMED_STAGES:
                    self.grant(Stage(stage), name=name)
        return self.state.brokers[name].bootstrap

    def add_cluster(self, stage: Stage) -> str:
        """Start a cluster of its own for a stage: with the stage's secret, and its rights there.

        Answers where the cluster's owner connects. A second call changes nothing.
        """
        bootstrap = self.start_broker(stage.name)
        self.grant(stage, name=stage.name)
        self._name_cluster(stage.name)
        return bootstrap

    def _name_cluster(self, name: str) -> None:
        """Write the secret brokerString of the stage that has a cluster of its own."""
        if name != DEFAULT_BROKER and refusal(name) is None:
            self.account.put_secret(f"{name}/brokerString", self.broker_string(name))

    def grant(
        self,
        stage: Stage,
        settings: ConnectorSettings | None = None,
        *,
        name: str = DEFAULT_BROKER,
        user: str = broker.USER,
    ) -> None:
        """Allow a user what `broker-script` prints for a stage, as the cluster's owner would.

        Whoever does not log in is called ANONYMOUS.
        """
        wanted = acls(stage, settings or ConnectorSettings())
        grants.grant(self.state.brokers[name].bootstrap, user, wanted)

    def stop_broker(self, name: str = DEFAULT_BROKER, *, kill: bool = False) -> None:
        """Stop a cluster and keep its data."""
        process = self.state.brokers[name].process
        if process is not None:
            broker.stop(process, kill=kill)

    def start_database(self) -> None:
        """Start the database (made and filled with empty tables if new)."""
        known = self.state.database
        if known and known.process and known.process.alive:
            return
        with _claimed((oracle.PORT,), known.address if known else None) as address:
            found = known or DatabaseState(
                address,
                sys_password=secrets.token_urlsafe(18),
                app_password=secrets.token_urlsafe(18),
                cdc_password=secrets.token_urlsafe(18),
            )
            found.address = address
            self.state.database = found
            self.state.save()
            found.process = oracle.start(
                self.state.directory / "oracle",
                address,
                found.port,
                sys_password=found.sys_password,
                app_password=found.app_password,
                log=self.logs / "oracle.log",
            )
            self.state.save()
            oracle.wait(found.process, address, found.port, found.sys_password)
        LocalDatabase.of(found).create()

    def stop_database(self, *, kill: bool = False) -> None:
        """Stop the database and keep its data."""
        if self.state.database and self.state.database.process:
            oracle.stop(self.state.database.process, kill=kill)

    def start_aws(self) -> None:
        """Start the embedded AWS. What it held before is lost: it lives in memory."""
        if self.state.aws and self.state.aws.alive:
            return
        # Workers of a server that was killed: the new one knows nothing of them.
        leftovers.end_tasks(self.state.directory)
        port = int(self.state.endpoint.rsplit(":", 1)[1])
        if listening("127.0.0.1", port):
            port = free_port()
            self.state.endpoint = f"http://127.0.0.1:{port}"
        self.state.seeded = False
        self.state.aws = aws.start(
            self.state.directory,
            port,
            self._tools,
            plugin.worker_home(self._tools, self._report),
            enforce_iam=self.state.enforce_iam,
            log=self.logs / "aws.log",
        )
        self.state.save()
        aws.wait(self.state.aws, self.state.endpoint)

    # -- life ----------------------------------------------------------------

    def _start(self, *, enforce_iam: bool) -> None:
        again = bool(self.state.brokers)
        self.state.enforce_iam = enforce_iam
        self.state.save()
        parts: Mapping[str, Callable[[], object]] = {
            "embedded AWS": self.start_aws,
            "the stand-in for Oracle": self.start_database,
            "Kafka": self.start_broker,
            **{
                f"Kafka {name}": partial(self.start_broker, name)
                for name in self.state.brokers
                if name != DEFAULT_BROKER
            },
        }
        with ThreadPoolExecutor(len(parts)) as pool:
            for done in [pool.submit(self._timed, name, start) for name, start in parts.items()]:
                done.result()
        if not self.state.seeded:
            self.account.seed(
                broker_string=self.broker_string(),
                credentials={"username": broker.USER, "password": self.state.kafka_password},
                authority=self.authority.make(),
                db_info=self.database.db_info,
            )
            for name in self.state.brokers:
                self._name_cluster(name)
            self.state.seeded = True
            self.state.save()
            self.account_is_new = True
            if again:
                self._report("the embedded AWS is a new one: stacks and secrets are gone, launch again")
            self._report("default secrets, network and permissions boundary are there")

    def _timed(self, name: str, start: Callable[[], object]) -> None:
        began = time.monotonic()
        start()
        self._report(f"{name} is running ({time.monotonic() - began:.1f} s)")

    def down(self, *, keep: bool = False) -> None:
        """End every process of this world; `keep` leaves data and logs. Idempotent."""
        self._stops = False
        with states.locked(self.state.directory):
            self._end(keep=keep)

    def _end(self, *, keep: bool) -> None:
        # `local start` or `broker add` in another process may have started parts meanwhile.
        self.state = states.load(self.state.directory) or self.state
        if self.state.aws:
            aws.stop(self.state.aws)
        leftovers.end_tasks(self.state.directory)
        with ThreadPoolExecutor(4) as pool:
            for name in self.state.brokers:
                pool.submit(self.stop_broker, name)
            pool.submit(self.stop_database)
        if keep:
            self.state.aws = None
            self.state.save()
            return
        self.state.remove()


def _other_setting(*, enforced: bool) -> str:
    has, wanted = (" --enforce-iam", "") if enforced else ("", " --enforce-iam")
    return (
        f"the local world was started with `local up{has}`; run that again. For `local up{wanted}`, run "
        "`local down` first, which removes stacks, secrets, topics and rows"
    )


def _part(process: Process | None, address: str) -> dict[str, Any]:
    return {
        "running": bool(process and process.alive),
        "address": address,
        "pid": process.pid if process else None,
        "log": process.log if process else None,
    }


@contextmanager
def _claimed(ports: tuple[int, ...], address: str | None) -> Iterator[str]:
    """The known address again, else a free one that nobody takes before its server listens."""
    if address is not None and available(address, ports):
        yield address
        return
    held = claim(ports)
    try:
        yield held.address
    finally:
        held.release()
