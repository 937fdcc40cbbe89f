"""Faults of the worker: killed, frozen, replaced."""

import os
import random
import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from tests.faults.fault_testbed import STEP_SECONDS, FaultTestbed, Stream, streaming, under_load
from tests.faults.report import Fault, Row
from tests.support.ecs_service import Worker
from tests.support.waiting import wait_for

#: How often the worker is killed; the environment may say less, to try something out.
KILLS = int(os.environ.get("FAULTS_KILLS", "20"))
#: How a worker's log says that the brokers no longer let it write.
_REFUSED = re.compile("ProducerFenced|InvalidProducerEpoch|fenced by|fenced off")


def faults(testbed: FaultTestbed) -> Sequence[Fault]:
    """All of them."""
    return (
        Fault("worker-killed", f"worker killed -9, {KILLS} times", lambda: killed(testbed, KILLS)),
        *(
            Fault(name, title, partial(paused, testbed, title, seconds, workers))
            for name, title, seconds, workers in (
                ("worker-cut-off", "worker frozen for 90 s, alone: cut off from everything", 90.0, 1),
                ("worker-paused", "worker frozen for 30 s beside a standby", 30.0, 2),
                ("worker-frozen", "worker frozen for 90 s beside a standby", 90.0, 2),
            )
        ),
        Fault("failover", "two workers, the active one killed -9", lambda: failover(testbed)),
        Fault("deploy", "rolling deploy", lambda: rolling_deploy(testbed)),
    )


def killed(testbed: FaultTestbed, times: int) -> Row:
    """Kill the worker again and again, each time at another moment once it streams."""

    def inject(stream: Stream) -> Mapping[str, Any]:
        lot = random.Random(times)  # noqa: S311 - the same moments every time
        for _ in range(times):
            worker = testbed.under_test.until_active()
            stream.until_flowing()
            time.sleep(lot.uniform(0, 1.5))
            worker.signal(signal.SIGKILL)
            wait_for(partial(_gone, worker), "the worker is gone", STEP_SECONDS)
        return {"kills": times}

    return under_load(testbed, f"worker killed -9, {times} times", inject)


def paused(testbed: FaultTestbed, title: str, seconds: float, workers: int) -> Row:
    """Freeze the worker and let it go on.

    After 10 s its group gives it up, and a standby gets its task; after 60 s the brokers break its
    transaction off, and the database closes its connection. Whatever it still holds it must not write.
    """

    def inject(stream: Stream) -> Mapping[str, Any]:
        worker = testbed.under_test.until_active()
        log = testbed.world.logs / f"{testbed.stage.names.service}-{worker.task[:8]}.log"
        read = log.stat().st_size
        worker.signal(signal.SIGSTOP)
        try:
            time.sleep(seconds)
            silent = round(time.time() - stream.reader.found[-1].at, 1)
        finally:
            worker.signal(signal.SIGCONT)
        stream.until_flowing()
        # The one that slept now finds out that it has been replaced.
        time.sleep(5)
        refused = len(_REFUSED.findall(log.read_bytes()[read:].decode("utf-8", "replace")))
        return {"frozen_seconds": seconds, "silent_at_the_end": silent, "refusals_in_its_log": refused}

    with standby(testbed) if workers > 1 else nullcontext():
        row = under_load(testbed, title, inject)
    refused, silent = row.figures["refusals_in_its_log"], row.figures["silent_at_the_end"]
    wrong = [*row.wrong]
    if workers == 1 and silent < seconds / 2:
        wrong.append("the stream went on: it was not this worker that ran the task")
    noticed = f"its later writes refused: {refused} lines of its log" if refused else "nothing was refused"
    return replace(row, cells={**row.cells, "noticed": noticed}, wrong=wrong)


def failover(testbed: FaultTestbed) -> Row:
    """Kill the worker that runs the task while another one waits."""

    def inject(stream: Stream) -> None:
        testbed.under_test.until_active().signal(signal.SIGKILL)
        stream.until_flowing()

    with standby(testbed):
        row = under_load(testbed, "two workers, the active one killed -9", inject)
    testbed.takeover = row.figures["longest_gap_seconds"]
    return row


def rolling_deploy(testbed: FaultTestbed) -> Row:
    """A new deployment of the service: a new worker starts, then the old one is told to leave."""

    def inject(stream: Stream) -> None:
        old = {worker.task for worker in testbed.under_test.service.workers()}
        testbed.under_test.service.update(forceNewDeployment=True)

        def replaced() -> bool:
            now = {worker.task for worker in testbed.under_test.service.workers()}
            return bool(now) and not now & old and testbed.under_test.service.describe()["runningCount"] == 1

        wait_for(replaced, "the new worker alone runs", 180)
        stream.until_flowing()

    row = under_load(testbed, "rolling deploy", inject)
    gap, takeover = row.figures["longest_gap_seconds"], testbed.takeover
    if takeover is not None and gap >= takeover:
        row = replace(row, wrong=[*row.wrong, f"interrupted for {gap} s, a takeover takes {takeover} s"])
    return row


def _gone(worker: Worker) -> bool:
    return not worker.process.alive


@contextmanager
def standby(testbed: FaultTestbed) -> Iterator[None]:
    """Two workers instead of one."""
    testbed.under_test.service.scale(2)
    try:
        testbed.under_test.until_answering(2)
        yield
    finally:
        testbed.under_test.service.scale(1)
        testbed.under_test.until_answering(1)


def interrupted(testbed: FaultTestbed) -> float:
    """The longest gap of a stream to which nothing happens, for comparison."""
    with streaming(testbed) as stream:
        time.sleep(10)
        return stream.finish().gap
