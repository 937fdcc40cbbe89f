"""The alarm on the worker's heap can rise: for every stage there is room above its threshold, and below it.

The JVM must live until the alarm has risen, and the heap must be full before the container is.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.metrics import metric
from templates.shared.fargate import SIZES
from tests.support.rendered_config import rendered
from tests.templates.support import built

ROOT = Path(__file__).parents[2]

#: What a worker takes beside its heap at most, in MiB: peak of the process less the heap in use, as
#: `make memory` measured it (docs/sizing.md: 451, 279, 668). Garbage that the heap held is counted too.
OUTSIDE_HEAP_MIB = 668
#: Of the heap: G1 keeps so much free for a collection to copy to, and ends the JVM a little later
#: (-XX:G1ReservePercent, 10 by default).
RESERVE_PERCENT = 10

STAGES = {name: rendered()[name] for name in ("main", "val", "production", "default")}


def heap_share() -> float:
    """The heap's share of the container's memory, in percent, as the entrypoint gives it to the JVM."""
    text = (ROOT / "connector" / "image" / "bin" / "entrypoint.sh").read_text(encoding="utf-8")
    (share,) = re.findall(r"-XX:MaxRAMPercentage=([0-9.]+) ", text)
    return float(share)


def threshold() -> float:
    """The alarm's threshold, in percent of the heap."""
    alarm = metric("HeapAfterCollectionPercent").alarm
    assert alarm is not None
    return alarm.threshold


def task_of(text: str) -> dict[str, Any]:
    """The task definition in the connector stack's template."""
    return dict(json.loads(text)["Resources"]["Task"]["Properties"])


def room(task: dict[str, Any]) -> list[str]:
    """What keeps the alarm of a task definition from rising; nothing when it can."""
    (container,) = task["ContainerDefinitions"]
    heap = container["Memory"] * heap_share() / 100
    wrong = []
    if heap + OUTSIDE_HEAP_MIB > container["Memory"]:
        wrong.append("the container ends before its heap is full")
    if heap * threshold() / 100 > heap * (100 - RESERVE_PERCENT) / 100:
        wrong.append("the heap ends the worker before the alarm rises")
    if container["Memory"] < int(task["Memory"]):
        wrong.append("memory that is paid for cannot be used")
    return wrong


@pytest.mark.parametrize("stage", STAGES)
def test_the_heaps_alarm_of_every_stage_can_rise(stage: str):
    assert room(task_of(STAGES[stage]["connector"])) == []


def test_the_sizes_of_before_are_told_from_these():
    """2560 of 3072 MiB, and 4096 of 6144: what was paid for and not used."""
    for cpu, memory, container in ((1024, 3072, 2560), (2048, 6144, 4096)):
        template = built("connector", task_cpu=cpu, task_memory=memory, container_memory=container)
        assert "memory that is paid for cannot be used" in room(template["Resources"]["Task"]["Properties"])


#: The sizes that Fargate offers and that leave the worker what it takes beside its heap.
ROOMY = [
    (cpu, memory)
    for cpu, sizes in SIZES.items()
    for memory in sizes
    if memory * (100 - heap_share()) / 100 >= OUTSIDE_HEAP_MIB
]


@given(st.sampled_from(ROOMY))
def test_a_stage_of_any_size_of_fargate_above_two_gib_has_the_room(size: tuple[int, int]):
    cpu, memory = size
    assert min(memory for _, memory in ROOMY) <= 3072
    template = built("connector", task_cpu=cpu, task_memory=memory)
    assert room(template["Resources"]["Task"]["Properties"]) == []


@pytest.mark.parametrize("stage", STAGES)
def test_no_alarm_is_on_the_tasks_memory_which_a_full_heap_does_not_fill(stage: str):
    """What MemoryHigh watched: the heap ends the worker, and takes 70 % of the memory."""
    resources = json.loads(STAGES[stage]["alarms"])["Resources"].values()
    watched = {r["Properties"].get("MetricName") for r in resources if r["Type"] == "AWS::CloudWatch::Alarm"}
    assert "MemoryUtilization" not in watched
    assert "HeapAfterCollectionPercent" in watched
