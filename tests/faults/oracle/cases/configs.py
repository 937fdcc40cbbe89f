"""The config is put while the database gives no session: Connect validates it, and validation logs in."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connector.local import schema
from connector.local.addresses import free_port
from tests.faults.oracle.case import Act, brief, cleared, message_of
from tests.faults.oracle.judgement import judge_refusal
from tests.faults.oracle.testbed import ConnectorTestbed
from tests.faults.oracle.told import TOLD
from tests.faults.report import Row

#: Kafka 4.3.1 falls over deprecated keys of Debezium's for which its validation returns no value.
_NO_VALUE = "ConfigValueInfo.errors()"
_FIELD = "database.hostname: Unable to connect (primary): Failed to resolve Oracle database version"


@dataclass(frozen=True)
class ConfigCase:
    """One reason why a config is refused. `error`: what validation says; `log`: what only the log says."""

    name: str
    title: str
    inject: Act
    log: str
    undo: Act = cleared
    error: str = _FIELD
    config: Callable[[], dict[str, str]] = field(default=dict)
    otherwise: str = ""

    def run(self, bed: ConnectorTestbed) -> Row:
        """Refused twice, by PUT and by validation; taken once the cause is gone."""
        wrong: list[str] = []
        bed.next_stage()
        bed.set_mark()
        try:
            self.inject(bed)
            began = time.monotonic()
            config = bed.config(**self.config())
            status, answer = bed.put(config)
            took = time.monotonic() - began
            if status != 500 or _NO_VALUE not in answer:
                wrong.append(f"PUT answered {status}: {answer[:200]}")
            errors = bed.validate(config)
            if not any(error.startswith(self.error) for error in errors):
                wrong.append(f"validation says {errors}")
            line = next((one for one in bed.log() if self.log and self.log in one), "")
            if self.log and not line:
                wrong.append(f"no line of the log with {self.log!r}")
            judged = judge_refusal(errors)
            named = judged["class, owner"].partition(",")[0]
            wrong += TOLD[self.name].differences([named], "", restarts=False)
        finally:
            self.undo(bed)
            cleared(bed)
        status, answer = bed.put(bed.config())
        if status not in (200, 201):
            wrong.append(f"afterwards PUT answered {status}: {answer[:200]}")
        else:
            bed.until_streaming()
        cells = {
            "when": "its config is put",
            "task": f"none: HTTP 500 after {took:.0f} s",
            "first cause": brief("; ".join(errors)),
            "MBean": "none",
            "log": brief(message_of(line, self.log)) or "nothing of it",
            **judged,
            "recovers": "by another PUT",
            "notes": self.otherwise,
        }
        figures = {"errors": list(errors), "log": [one[:600] for one in bed.log()[-20:]] if wrong else []}
        return Row(self.title, cells, wrong, figures=figures)


def _user(statement: str) -> Act:
    return lambda bed: bed.sys(f"ALTER USER {schema.CDC} {statement}")


def _let_in(bed: ConnectorTestbed) -> None:
    bed.sys(
        f'ALTER USER {schema.CDC} IDENTIFIED BY "{bed.database.cdc_password}"',
        f"ALTER USER {schema.CDC} ACCOUNT UNLOCK",
    )


def _nothing(_: ConnectorTestbed) -> None:
    """The config itself is wrong."""


CASES: Sequence[ConfigCase] = (
    ConfigCase("put-01017", "wrong password", _user('IDENTIFIED BY "another"'), "ORA-01017", _let_in),
    ConfigCase("put-28000", "account locked", _user("ACCOUNT LOCK"), "ORA-28000", _let_in),
    ConfigCase("put-28001", "password expired", _user("PASSWORD EXPIRE"), "ORA-28001", _let_in),
    ConfigCase(
        "put-closed",
        "connection closed at once",
        lambda bed: bed.fault("connect", drop=True),
        "ORA-17002",
    ),
    ConfigCase(
        "put-12541",
        "nobody listens",
        _nothing,
        "ORA-12541",
        config=lambda: {"database.port": str(free_port())},
    ),
    ConfigCase(
        "put-12514",
        "the service is not known",
        _nothing,
        "ORA-12514",
        config=lambda: {"database.dbname": "NOSUCH"},
    ),
    ConfigCase(
        "put-hangs",
        "the database accepts and is silent",
        lambda bed: bed.fault("connect", hang=60),
        "",
        error="database.hostname: Connection validation timed out after 20000 ms",
    ),
)
