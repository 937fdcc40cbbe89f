"""Stage main with rows in its source, records on its topics, and a connector that reads the rows once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.domain.admin_api import REGISTRATION, Answer, Operation, State
from connector.domain.reconcile.run import ReconcileRequest
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR
from lambda_src.clients.state_table import read_run
from tests.lambda_src.conftest import FakeStage
from tests.support.envelopes import change
from tests.support.fake_lambda_aws import BUCKET

RUN, OTHER = "0" * 32, "1" * 32
TABLE = "WMS.PLAN_BASE_WVR_TBL"
KEY = "PLAN_BASE_WVR_ID"
#: As of which SCN the temporary connector reads the tables.
SCN = 500
#: The most requests that a comparison of a few rows takes.
_MOST_REQUESTS = 60


@dataclass
class Comparing:
    """Rows are `number -> title`, of the one table that is compared."""

    stage: FakeStage
    source: dict[int, str] = field(default_factory=dict)
    #: Whether the snapshot ends, or why the task fails.
    reads: bool = True
    failure: str = ""

    def __post_init__(self) -> None:
        self.stage.bucket = BUCKET
        for operation in REGISTRATION:
            assert self.stage.ask(operation).state is State.DONE
        self.stage.connect.on_config = self._configured
        # The stream is past the SCN at once, unless a test sets it back.
        self.stage.connect.position = {"scn": str(SCN + 1), "commit_scn": "1:1:x"}
        #: Requests that were made.
        self.asked = 0

    @property
    def topic(self) -> str:
        """The table's data topic."""
        return f"wms.{TABLE}"

    def write(self, number: int, title: str | None, *, scn: int = 100, topic: str = "") -> None:
        """A change of a row on its topic; without a title its deletion, with the tombstone."""
        after = None if title is None else {KEY: number, "WVR_TTL_TXT": title}
        records = self.stage.kafka.written.setdefault(topic or self.topic, [])
        key, value = change({KEY: number}, after, scn=scn - 1, commit_scn=scn)
        records.append((key, value))
        if title is None:
            records.append((key, None))

    def step(
        self, run: str = RUN, *, begin: bool = True, tables: tuple[str, ...] = (TABLE,), **more: Any
    ) -> Answer:
        """One request."""
        self.asked += 1
        request = ReconcileRequest(run, begin=begin, **more)
        return self.stage.ask(Operation.RECONCILE, reconcile=request, tables=tables)

    def finish(self, run: str = RUN, **more: Any) -> Answer:
        """The answer that is not WAITING any more."""
        for _ in range(_MOST_REQUESTS):
            answer = self.step(run, **more)
            if answer.state is not State.WAITING:
                return answer
        raise AssertionError(f"no end: {answer.summary}")

    def clean(self, run: str = "") -> Answer:
        """Clear away what the named run has left, or what any has."""
        request = ReconcileRequest(run) if run else None
        return self.stage.ask(Operation.RECONCILE_CLEAN, reconcile=request)

    def counts(self, answer: Answer) -> Mapping[str, int]:
        """Kind -> number of keys in the report, of what there is."""
        report = answer.details["tables"][TABLE]
        kinds = ("equal", "different", "missing", "ghosts", "unjudged")
        return {kind: report[kind] for kind in kinds if report[kind]}

    def left(self) -> list[str]:
        """What of a comparison is there: connector, offsets, objects, state."""
        found = [COMPARISON_CONNECTOR] if COMPARISON_CONNECTOR in self.stage.connect.configs else []
        found += ["offsets"] if COMPARISON_CONNECTOR in self.stage.connect.others else []
        found += self.stage.aws.s3.objects
        return found + (["state"] if read_run(self.stage.table).run else [])

    def _configured(self, name: str, config: Mapping[str, str]) -> None:
        if name != COMPARISON_CONNECTOR:
            return
        if self.failure:
            task = self.stage.connect.tasks[name]
            task.update(state="FAILED", trace=self.failure)
            return
        records = self.stage.kafka.written.setdefault(f"wms.reconcile.{TABLE}", [])
        for number, title in self.source.items():
            row = {KEY: number, "WVR_TTL_TXT": title}
            records.append(change({KEY: number}, row, scn=SCN, envelope=False))
        offset = {"scn": str(SCN), "snapshot": "INITIAL", "snapshot_completed": self.reads}
        assert "signal.kafka.topic" not in json.dumps(config)
        self.stage.connect.others[name] = {"partition": {"server": "wms.reconcile"}, "offset": offset}
