"""Ephemeral stages of branches: off by default, asked for by prefix or label, capped."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.stage.stage import NAMED_STAGES
from tools.branch_stage import DEFAULT_CAP, asked, kept, room

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
WORKFLOW = yaml.safe_load((WORKFLOWS / "branch.yml").read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]


def standing(*names: str) -> list[dict[str, Any]]:
    return [{"stage": name, "stacks": {"network": "CREATE_COMPLETE"}} for name in names]


@pytest.mark.parametrize(
    ("branch", "prefix", "label", "labels", "wanted"),
    [
        ("stage-x", "", "", [], False),
        ("stage-x", "", "", ["deploy me"], False),
        ("stage-x", "stage-", "", [], True),
        ("feature-x", "stage-", "", [], False),
        ("feature-x", "", "deploy me", ["bug", "deploy me"], True),
        ("feature-x", "stage-", "deploy me", ["deploy"], False),
        ("Stage-x", "stage-", "", [], False),
    ],
)
def test_a_branch_gets_a_stage_only_where_it_asks(
    branch: str, prefix: str, label: str, labels: list[str], wanted: bool
):
    assert asked(branch, prefix, label, labels) == (wanted, "")


@pytest.mark.parametrize("branch", ["stage-x/y", "stage-" + "x" * 64, "stage-ä"])
def test_a_name_that_no_stage_can_have_is_skipped_with_the_rule(branch: str):
    wanted, why = asked(branch, "stage-", "", [])
    assert not wanted
    assert "no stage can have its name: a stage has 1 to 64 characters" in why


def test_no_more_stages_than_the_cap():
    assert room("x", standing("a", "b"), 3) == (True, "")
    wanted, why = room("x", standing("b", "a", "c"), 3)
    assert not wanted
    assert why.startswith(
        "Stage 'x' is not launched: 3 ephemeral stages stand, and EPHEMERAL_CAP is 3 (a, b, c)."
    )


def test_a_stage_that_stands_may_be_launched_again_and_directories_do_not_count():
    assert room("a", standing("a", "b"), 2) == (True, "")
    assert room("x", [*standing("a"), {"stage": "b", "stacks": {}}], 2) == (True, "")
    assert room("x", [], 0)[0] is False


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("uvwxyz"), min_size=1), st.integers(0, 12))
def test_of_stages_that_are_launched_at_once_each_new_one_sees_the_cap_broken(
    before: set[str], new: set[str], cap: int
):
    now = standing(*before, *new)
    for stage in new:
        well, why = kept(stage, standing(*before), now, cap)
        assert well == (len(before) + len(new) <= cap)
        assert (why == "") == well
    assert all(kept(stage, standing(*before), now, cap)[0] for stage in before)


def test_a_launch_that_broke_the_cap_fails_its_job(tmp_path: Path):
    before = tmp_path / "stages.json"
    before.write_text(json.dumps(standing("a")), encoding="utf-8")
    now = json.dumps(standing("a", "x", "y"))
    done = tool("kept", now, STAGE="x", CAP="2", BEFORE=str(before))
    assert (done.returncode, done.stderr.startswith("::error::Stage 'x' stands, but 3 ")) == (1, True)
    assert tool("kept", now, STAGE="a", CAP="2", BEFORE=str(before)).returncode == 0
    counted = JOBS["launch"]["steps"][-1]
    assert counted["env"]["BEFORE"] == "${{ runner.temp }}/stages.json"
    assert "tools.branch_stage kept" in counted["run"]


def tool(command: str, given: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-m", "tools.branch_stage", command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_questions_are_asked_without_our_packages_installed():
    """The first job has none: it runs for every push."""
    done = tool("asked", "bug\ndeploy me\n", BRANCH="a/b", PREFIX="", LABEL="deploy me")
    assert (done.returncode, done.stdout) == (0, "no\n")
    assert done.stderr.startswith("::notice::Branch 'a/b' asks for a stage and gets none")
    done = tool("asked", "", BRANCH="a/b", PREFIX="", LABEL="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no\n", "")


def test_the_cap_has_a_default_and_a_wrong_one_is_refused():
    full = json.dumps(standing(*(f"s{number}" for number in range(DEFAULT_CAP))))
    assert tool("room", full, STAGE="x", CAP="").stdout == "no\n"
    assert tool("room", full, STAGE="x", CAP=str(DEFAULT_CAP + 1)).stdout == "yes\n"
    done = tool("room", full, STAGE="x", CAP="many")
    assert (done.returncode, done.stderr) == (
        1,
        "error: EPHEMERAL_CAP is 'many', not a whole number; correct the repository's variable\n",
    )


def test_it_is_off_until_a_variable_asks_for_it():
    switch = "(vars.EPHEMERAL_PREFIX != '' || vars.EPHEMERAL_LABEL != '')"
    assert switch in JOBS["asked"]["if"]
    assert JOBS["launch"]["needs"] == "asked"
    assert JOBS["launch"]["if"] == "needs.asked.outputs.launch == 'yes'"
    expired = yaml.safe_load((WORKFLOWS / "destroy.yml").read_text(encoding="utf-8"))["jobs"]["expired"]
    assert switch in expired["if"]
    assert expired["steps"][-1]["run"].strip().endswith("ephemeral sweep --expired --yes")


def test_a_deleted_branch_takes_its_stage_and_each_night_those_that_expired():
    workflow = yaml.safe_load((WORKFLOWS / "destroy.yml").read_text(encoding="utf-8"))
    assert set(workflow[True]) == {"delete", "schedule", "workflow_dispatch"}
    conditions = {name: job["if"] for name, job in workflow["jobs"].items()}
    assert "github.event.ref_type == 'branch'" in conditions["destroy"]
    assert conditions["expired"].startswith("github.event_name == 'schedule' && ")


def test_named_stages_and_forks_are_left_out():
    assert tuple(WORKFLOW[True]["push"]["branches-ignore"]) == NAMED_STAGES
    assert "github.event.pull_request.head.repo.full_name == github.repository" in JOBS["asked"]["if"]


def test_nothing_is_launched_before_there_is_room():
    steps = JOBS["launch"]["steps"]
    place = next(i for i, step in enumerate(steps) if step.get("id") == "room")
    launching = [
        step for step in steps if "launch" in step.get("run", "") or "publish" in step.get("run", "")
    ]
    assert all(step["if"] == "steps.room.outputs.launch == 'yes'" for step in steps[place + 1 :])
    assert [step for step in launching if step in steps[:place]] == []
    assert "--days" in next(step["run"] for step in steps if "ephemeral create" in step.get("run", ""))


@pytest.mark.parametrize(("labels", "launch"), [("deploy me", "yes"), ("bug", "no")])
def test_the_first_job_asks_for_the_labels(labels: str, launch: str, tmp_path: Path):
    (step,) = (step for step in JOBS["asked"]["steps"] if step.get("id") == "asked")
    for name, text in (("gh", f'#!/bin/sh\necho "$*" >>"{tmp_path}/calls"\necho "{labels}"\n'),):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "python3").symlink_to(sys.executable)
    subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=ROOT,
        env={
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "BRANCH": "feature-x",
            "PREFIX": "",
            "LABEL": "deploy me",
        },
        timeout=60,
        check=True,
    )
    assert (tmp_path / "output").read_text(encoding="utf-8") == f"launch={launch}\n"
    assert (
        (tmp_path / "calls").read_text(encoding="utf-8").startswith("pr list --head feature-x --state open")
    )
