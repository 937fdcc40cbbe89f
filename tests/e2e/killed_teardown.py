"""A teardown that is killed and begun again, and what each run must have left."""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from connector.domain.stage.stage import Stage
from connector.local.world import World
from tests.support import traces
from tests.support.iam import judged_world
from tests.support.sceptre_cli import SCEPTRE
from tests.support.stage_under_test import StageUnderTest

#: What a run prints at each step of the teardown, and before it deletes stacks.
MARKED, CONNECTOR_GONE, WORKERS_GONE, TOPICS_GONE, GROUPS_GONE, CONNECTOR_STACK, FUNCTIONS_STACK = STEPS = (
    "retire-mark: stage {} is marked",
    "retire-connector: wms-oracle-cdc stopped and deleted",
    "retire-workers: no task runs",
    "retire-topics: ",
    "retire-groups: ",
    "ephemeral/{}/connector - Deleting stack",
    "ephemeral/{}/functions - Deleting stack",
)
#: Where the runs are killed for each change; each night it is done at every step.
OFTEN = (MARKED, TOPICS_GONE, CONNECTOR_STACK)
#: What was left of a stage, by the step after which the run was killed.
Left = dict[str, dict[str, list[str]]]


def delete_with_kills(world: World, project: Path, stage: Stage, steps: Sequence[str]) -> Left:
    """Run the deletion and kill it, once after each of the steps."""
    _leftover_definition(world, stage)
    left: Left = {}
    for step in steps:
        line = step.format(stage.name)
        seen = _delete_until(world, project, stage, line)
        assert any(line in text for text in seen), seen
        _nothing_comes_back(world, stage)
        left[step] = traces.of(StageUnderTest(world, stage))
    return left


def each_run_left_less(stage: Stage, left: Left) -> None:
    """What a step has removed stays removed.

    Up to its own step the connector still runs, and the group of its signal channel exists from the first
    commit on, whenever that is.
    """
    assert set(left[MARKED]["topics"]) <= set(stage.topics)
    gone = {WORKERS_GONE: "tasks", TOPICS_GONE: "topics", GROUPS_GONE: "consumer groups"}
    assert {step: kind for step, kind in gone.items() if kind in left.get(step, {})} == {}
    left[MARKED]["consumer groups"] = list(stage.topics.groups)
    for earlier, later in pairwise(left):
        for kind, names in left[later].items():
            assert set(names) <= set(left[earlier].get(kind, [])), f"{kind} came back before {later!r}"


def _leftover_definition(world: World, stage: Stage) -> None:
    """A revision that a rolling update has left active."""
    ecs = world.account.client("ecs")
    known = ecs.describe_task_definition(taskDefinition=stage.names.service)["taskDefinition"]
    wanted = ("family", "cpu", "memory", "networkMode", "requiresCompatibilities", "containerDefinitions")
    ecs.register_task_definition(**{key: known[key] for key in wanted})


def _delete_until(world: World, project: Path, stage: Stage, line: str) -> list[str]:
    """Run the deletion and kill it the moment it has printed a line."""
    process = subprocess.Popen(
        [*SCEPTRE, "delete", f"ephemeral/{stage.name}", "--yes"],
        cwd=project,
        env={**os.environ, **judged_world.environment(world, "ephemeral"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    seen = []
    with process:
        for text in process.stdout:
            seen.append(text)
            if line in text:
                process.send_signal(signal.SIGKILL)
                break
    return seen


def _nothing_comes_back(world: World, stage: Stage) -> None:
    """A health check and a registration that nobody's launch asks for leave the stage alone."""
    functions = world.account.client("lambda")
    there = {f["FunctionName"] for f in functions.list_functions()["Functions"]}
    if stage.names.connect_health in there:
        said = StageUnderTest(world, stage).health()
        assert "being torn down" in said.get("summary", ""), said
    if stage.names.connect_admin in there:
        answer = functions.invoke(
            FunctionName=stage.names.connect_admin, Payload=json.dumps({"operation": "register"}).encode()
        )
        said = json.loads(answer["Payload"].read())
        assert said["state"] == "failed", said
        assert "being torn down" in said["summary"], said
