"""The GitHub workflows: what they may do, what they pin, and that they name no stage of their own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.domain.stage.stage import NAMED_STAGES

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXPECTED = {
    *("branch", "check", "dependency-review", "deploy", "destroy"),
    *("health", "image-pin", "nightly", "plan", "pre-commit", "promote", "release"),
}

_PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
_VALUE_IN_SHELL = re.compile(r"\$\{\{")


def _load(path: Path) -> dict[Any, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def _named(name: str) -> dict[Any, Any]:
    return _load(ROOT / ".github" / "workflows" / f"{name}.yml")


def _triggers(workflow: dict[Any, Any]) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as the boolean.
    found = workflow[True]
    assert isinstance(found, dict)
    return found


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in _load(path)["jobs"].items():
            yield f"{path.stem}/{name}", job


def test_the_pipelines_are_those_that_the_documents_name():
    assert {path.stem for path in WORKFLOWS} == EXPECTED


def test_zizmor_finds_nothing():
    """The same command as in `make check`; --offline, so that the answer is the same everywhere."""
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    assert zizmor is not None
    done = subprocess.run(
        [zizmor, "--offline", "--quiet", "--no-progress", str(ROOT / ".github")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_commit_with_its_version_beside_it(path: Path):
    lines = [line.strip().removeprefix("- ") for line in path.read_text(encoding="utf-8").splitlines()]
    used = [line for line in lines if line.startswith("uses:")]
    assert used
    assert [line for line in used if not _PINNED.fullmatch(line)] == []


def test_one_action_has_one_version():
    """Two pins of one action would mean that an update forgot a place."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    pins = set(re.findall(r"uses: (\S+)@(\S+ # \S+)", text))
    assert len({action for action, _ in pins}) == len(pins)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_permission_and_its_jobs_only_what_they_name(path: Path):
    workflow = _load(path)
    assert workflow["permissions"] == {}
    assert "concurrency" in workflow
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert job["timeout-minutes"] <= 90


def test_only_jobs_in_an_environment_may_ask_for_aws_credentials():
    """The role's trust policy names the environment, so a job without one could assume nothing anyway."""
    for name, job in _jobs():
        asks = "id-token" in job["permissions"]
        assert asks == ("environment" in job), name


def test_credentials_last_as_long_as_the_job_that_asks_for_them():
    """Without the key they last an hour, and a deletion that waits for network interfaces would lose them."""
    asked = [
        (name, job["timeout-minutes"] * 60, step["with"].get("role-duration-seconds"))
        for name, job in _jobs()
        for step in job["steps"]
        if "configure-aws-credentials" in step.get("uses", "")
    ]
    assert len(asked) == 7
    assert [name for name, limit, seconds in asked if seconds != limit] == []


@pytest.mark.parametrize(
    ("workflow", "policy"),
    [
        ("deploy", "wms-connector deployer-policy <stage>"),
        ("deploy", "--ephemeral"),
        ("deploy", "deployer-policy foundation"),
        ("branch", "wms-connector deployer-policy --ephemeral"),
        ("destroy", "wms-connector deployer-policy --ephemeral"),
        ("health", "wms-connector deployer-policy main --verify"),
    ],
)
def test_a_workflow_says_which_policy_its_role_has(workflow: str, policy: str):
    text = (ROOT / ".github" / "workflows" / f"{workflow}.yml").read_text(encoding="utf-8")
    assert policy in text.partition("name:")[0]


def test_no_value_from_outside_is_pasted_into_a_shell():
    for name, job in _jobs():
        for step in job["steps"]:
            assert not _VALUE_IN_SHELL.search(step.get("run", "")), name


def test_the_branches_that_deploy_are_the_named_stages():
    assert tuple(_triggers(_named("deploy"))["push"]["branches"]) == NAMED_STAGES


def test_destroy_leaves_it_to_our_own_code_what_a_named_stage_is():
    """A list in YAML would be a second rule that disagrees one day."""
    text = (ROOT / ".github" / "workflows" / "destroy.yml").read_text(encoding="utf-8")
    for stage in NAMED_STAGES:
        assert not re.search(rf"\b{stage}\b", text)
    steps = _named("destroy")["jobs"]["destroy"]["steps"]
    runs = [step.get("run", step.get("uses", "")) for step in steps]
    asked = next(i for i, run in enumerate(runs) if "ephemeral destroy --dry-run" in run)
    credentials = next(i for i, run in enumerate(runs) if "configure-aws-credentials" in run)
    deleted = next(i for i, run in enumerate(runs) if run.endswith('ephemeral destroy --yes -- "$STAGE"'))
    assert asked < credentials < deleted


def test_launch_and_teardown_of_one_stage_take_turns():
    for workflow in ("deploy", "destroy", "branch"):
        concurrency = _named(workflow)["concurrency"]
        assert re.match(r"stage-\$\{\{ (inputs\.stage|github\.head_ref) \|\| ", concurrency["group"])
        assert concurrency["cancel-in-progress"] is False


def _runs(workflow: str, job: str) -> list[str]:
    """The scripts and actions of a job, in order."""
    return [step.get("run", step.get("uses", "")) for step in _named(workflow)["jobs"][job]["steps"]]


def _place(runs: list[str], words: str) -> int:
    return next(place for place, run in enumerate(runs) if words in run)


def test_a_deployment_tells_before_and_after_in_its_summary():
    runs = _runs("deploy", "named")
    steps = [_place(runs, words) for words in ("wms-connector plan", "sceptre launch", "verify")]
    assert steps == sorted(steps)
    assert all("tools.job_summary" in runs[step] for step in steps)


def test_the_foundation_is_launched_before_the_stage():
    """In an environment for each stage: stages may be in accounts of their own."""
    jobs = _named("deploy")["jobs"]
    assert jobs["named"]["needs"] == "foundation"
    assert jobs["foundation"]["environment"] == "foundation-${{ github.ref_name }}"
    assert _runs("deploy", "foundation")[-1].endswith("sceptre launch --yes foundation")


def test_without_a_role_no_foundation_is_launched(tmp_path: Path):
    first, *others = _named("deploy")["jobs"]["foundation"]["steps"]
    printed, output = _run(first, tmp_path, ROLE="", GITHUB_REF_NAME="val")
    assert printed.startswith("::notice::The environment foundation-val has no AWS_DEPLOY_ROLE_ARN")
    assert output == ""
    assert {step["if"] for step in others} == {"steps.role.outputs.configured == 'yes'"}
    assert _run(first, tmp_path, ROLE="arn", GITHUB_REF_NAME="val") == ("", "configured=yes\n")


class TestTheDeploymentsSteps:
    """The steps around a launch, as the runner's shell runs them."""

    STEPS = _named("deploy")["jobs"]["named"]["steps"]

    @classmethod
    def _do(cls, words: str, answer: str, tmp_path: Path) -> tuple[int, list[str], str]:
        """Run a step whose command has this exit status: its own status, what it called, the summary."""
        step = next(step for step in cls.STEPS if words in step.get("run", ""))
        programs = tmp_path / ".venv" / "bin"
        programs.mkdir(parents=True)
        scripted = '#!/bin/sh\necho "${0##*/} $*" >>calls\necho "what ${0##*/} printed"\nexit $ANSWER\n'
        for name in ("sceptre", "wms-connector"):
            (programs / name).write_text(scripted, encoding="utf-8")
        (programs / "python").symlink_to(sys.executable)
        for file in (programs / "sceptre", programs / "wms-connector"):
            file.chmod(0o755)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=tmp_path,
            env={
                "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "ANSWER": answer,
                "STAGE": "val",
                "GITHUB_STEP_SUMMARY": "summary",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
        return done.returncode, calls, (tmp_path / "summary").read_text(encoding="utf-8")

    def test_what_changes_is_in_the_summary(self, tmp_path: Path):
        status, calls, summary = self._do(" plan ", "0", tmp_path)
        assert (status, calls) == (0, ["wms-connector plan val"])
        assert summary == "### What the launch changes\n\n```text\nwhat wms-connector printed\n```\n\n"

    def test_a_difference_that_cannot_be_told_does_not_stop_the_launch(self, tmp_path: Path):
        status, _, summary = self._do(" plan ", "1", tmp_path)
        assert status == 0
        assert "### What the launch changes: failed with exit status 1" in summary

    def test_a_failed_launch_fails_the_job(self, tmp_path: Path):
        status, calls, summary = self._do("sceptre launch", "1", tmp_path)
        assert (status, calls) == (1, ["sceptre launch --yes val"])
        assert "### Launch: failed with exit status 1" in summary

    def test_the_stage_is_verified_until_it_is_well_for_as_long_as_a_first_health_check_may_take(
        self, tmp_path: Path
    ):
        status, calls, summary = self._do(" verify ", "0", tmp_path)
        assert (status, calls) == (0, ["wms-connector verify val"])
        assert summary.startswith("### Verification\n")
        step = next(step["run"] for step in self.STEPS if " verify " in step.get("run", ""))
        attempts, pause = (int(re.search(rf"--{name} (\d+)", step)[1]) for name in ("attempts", "pause"))  # type: ignore[index]
        assert (attempts - 1) * pause >= 600

    def test_every_launch_of_a_stage_is_verified(self):
        for workflow, job in (("deploy", "named"), ("deploy", "ephemeral"), ("branch", "launch")):
            runs = _runs(workflow, job)
            assert _place(runs, "sceptre launch") < _place(runs, "wms-connector verify")

    def test_every_launch_of_a_stage_is_told_before_it_begins(self):
        for workflow, job in (("deploy", "named"), ("deploy", "ephemeral"), ("branch", "launch")):
            runs = _runs(workflow, job)
            place = _place(runs, 'wms-connector plan "$STAGE"')
            assert place < _place(runs, "sceptre launch")
            assert "tools.job_summary" in runs[place]


class TestThePlanOfAPullRequest:
    """What a pull request changes is told without credentials, and whoever runs its code may not comment."""

    JOBS = _named("plan")["jobs"]

    def test_no_job_has_credentials_and_the_one_that_comments_runs_no_code_of_the_pull_request(self):
        assert not [job for job in self.JOBS.values() if "environment" in job]
        assert self.JOBS["compare"]["permissions"] == {"contents": "read"}
        assert self.JOBS["comment"]["permissions"] == {"pull-requests": "write"}
        (step,) = self.JOBS["comment"]["steps"]
        assert step["run"].split()[0] == "printf"
        assert not re.search(r"make|\.venv|python", step["run"])

    def test_every_stage_is_compared_with_the_base_and_the_comment_is_what_the_summary_has(
        self, tmp_path: Path
    ):
        step = next(step for step in self.JOBS["compare"]["steps"] if step.get("id") == "compare")
        programs = tmp_path / ".venv" / "bin"
        programs.mkdir(parents=True)
        program = programs / "wms-connector"
        program.write_text('#!/bin/sh\necho "$*" | tee -a calls\n', encoding="utf-8")
        program.chmod(0o755)
        (programs / "python").symlink_to(sys.executable)
        for stage in ("foundation", "main"):
            (tmp_path / ".rendered" / stage).mkdir(parents=True)
        _, output = _run(
            step, tmp_path, RUNNER_TEMP="/temp", GITHUB_STEP_SUMMARY="summary", PYTHONPATH=str(ROOT)
        )
        asked = [f"plan {stage} --offline --base /temp/base/.rendered" for stage in ("foundation", "main")]
        assert (tmp_path / "calls").read_text(encoding="utf-8").splitlines() == asked
        head, *body, end = output.splitlines()
        assert head == f"plan<<{end}"
        assert "\n".join(body).strip() == (tmp_path / "summary").read_text(encoding="utf-8").strip()
        assert all(f"```text\n{line}\n```" in output for line in asked)


class TestTheQuestionBeforeTeardown:
    """The step that asks whether a deleted branch was an ephemeral stage, as the runner's shell runs it."""

    @staticmethod
    def _ask(stage: str, event: str, tmp_path: Path) -> tuple[int, str, list[str]]:
        steps = _named("destroy")["jobs"]["destroy"]["steps"]
        script = next(step["run"] for step in steps if step.get("id") == "stage")
        program = tmp_path / ".venv" / "bin" / "wms-connector"
        program.parent.mkdir(parents=True)
        program.write_text(
            f'#!/bin/sh\necho "$*" >>calls\nexec env PYTHONPATH="{ROOT}" "{sys.executable}" -c '
            f"'from connector.cli import main; main()' \"$@\"\n",
            encoding="utf-8",
        )
        program.chmod(0o755)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "STAGE": stage, "EVENT": event, "GITHUB_OUTPUT": "output"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        output = tmp_path / "output"
        calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
        return done.returncode, output.read_text(encoding="utf-8") if output.exists() else "", calls

    @pytest.mark.parametrize("event", ["delete", "workflow_dispatch"])
    def test_an_ephemeral_stage_goes(self, event: str, tmp_path: Path):
        status, output, calls = self._ask("feature-xyz", event, tmp_path)
        assert (status, output) == (0, "delete=yes\n")
        assert calls == ["ephemeral destroy --dry-run -- feature-xyz"]

    @pytest.mark.parametrize("event", ["delete", "workflow_dispatch"])
    @pytest.mark.parametrize("stage", NAMED_STAGES)
    def test_a_named_stage_stops_the_run(self, stage: str, event: str, tmp_path: Path):
        status, output, calls = self._ask(stage, event, tmp_path)
        assert (status, output) == (2, "")
        assert len(calls) == 1

    def test_the_branch_that_is_no_stage_is_let_go_in_peace(self, tmp_path: Path):
        status, output, calls = self._ask("dependabot/pip/urllib3", "delete", tmp_path)
        assert (status, output, len(calls)) == (0, "", 1)

    def test_a_person_who_names_no_stage_is_reported(self, tmp_path: Path):
        status, output, _ = self._ask("dependabot/pip/urllib3", "workflow_dispatch", tmp_path)
        assert (status, output) == (2, "")

    def test_a_name_full_of_shell_is_just_a_name(self, tmp_path: Path):
        status, output, calls = self._ask("$(touch hacked);`touch hacked`", "delete", tmp_path)
        assert (status, output, len(calls)) == (0, "", 1)
        assert not (tmp_path / "hacked").exists()


def _run(step: dict[str, Any], directory: Path, **environment: str) -> tuple[str, str]:
    """Run a step's script as the runner's shell does: what it printed, and its outputs."""
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "GITHUB_OUTPUT": "output", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    output = directory / "output"
    return done.stdout, output.read_text(encoding="utf-8") if output.exists() else ""


class TestHealth:
    """The workflow behind the README's health badge."""

    JOB = _named("health")["jobs"]["verify"]
    STEPS = JOB["steps"]

    @staticmethod
    def _verify(answers: str, tmp_path: Path) -> tuple[int, list[str]]:
        """Run the last step against these exit statuses of `verify`; its own status and what it called."""
        program = tmp_path / ".venv" / "bin" / "wms-connector"
        program.parent.mkdir(parents=True)
        program.write_text(
            '#!/bin/sh\necho "$*" >>calls\nset -- $ANSWERS\n'
            "shift $(($(grep -c verify calls) - 1))\nexit $1\n",
            encoding="utf-8",
        )
        pause = tmp_path / "sleep"
        pause.write_text('#!/bin/sh\necho "sleep $*" >>calls\n', encoding="utf-8")
        for file in (program, pause):
            file.chmod(0o755)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", TestHealth.STEPS[-1]["run"]],
            cwd=tmp_path,
            env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "ANSWERS": answers},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, (tmp_path / "calls").read_text(encoding="utf-8").splitlines()

    def test_verifies_main_on_a_schedule_in_an_environment_of_its_own(self):
        """A named stage's environment has reviewers: there each run would wait for a person."""
        assert "schedule" in _triggers(_named("health"))
        assert self.JOB["environment"] not in (*NAMED_STAGES, "ephemeral")
        credentials = next(step for step in self.STEPS if "configure-aws-credentials" in step.get("uses", ""))
        assert credentials["with"] == {
            "role-to-assume": "${{ vars.AWS_VERIFY_ROLE_ARN }}",
            "aws-region": "${{ vars.AWS_REGION }}",
            "role-duration-seconds": 900,
        }

    def test_without_a_role_it_says_so_and_does_nothing_more(self, tmp_path: Path):
        assert self.STEPS[0]["env"] == {"ROLE": "${{ vars.AWS_VERIFY_ROLE_ARN }}"}
        printed, output = _run(self.STEPS[0], tmp_path, ROLE="")
        assert printed.startswith("::notice::")
        assert output == ""
        assert {step["if"] for step in self.STEPS[1:]} == {"steps.role.outputs.configured == 'yes'"}

    def test_with_a_role_it_goes_on(self, tmp_path: Path):
        assert _run(self.STEPS[0], tmp_path, ROLE="arn:aws:iam::123456789012:role/verify") == (
            "",
            "configured=yes\n",
        )

    def test_a_healthy_stage_is_asked_once(self, tmp_path: Path):
        assert self._verify("0", tmp_path) == (0, ["verify main"])

    @pytest.mark.parametrize(("second", "status"), [("0", 0), ("1", 1)])
    def test_only_what_is_still_wrong_after_a_pause_counts(self, second: str, status: int, tmp_path: Path):
        assert self._verify(f"1 {second}", tmp_path) == (status, ["verify main", "sleep 120", "verify main"])


def test_coverage_is_measured_beside_the_unit_tests():
    """Not instead of them: under the tracer of Python 3.11 they take half as long again."""
    plans = {target: _plan(target) for target in ("test", "coverage")}
    assert plans["test"].count('pytest -m "not e2e and not slow"') == 1
    assert "--cov" not in plans["test"]
    assert 'pytest -m "(e2e or slow) and not long"' in plans["test"]
    assert "--cov" in plans["coverage"]
    assert "tools.coverage_badge check" in plans["coverage"]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"make check", "make test"} <= set(ci)
    jobs = _named("check")["jobs"]
    assert any(step.get("run") == "make coverage" for step in jobs["coverage"]["steps"])


def test_what_takes_too_long_for_each_change_is_run_each_night():
    assert "pytest -m long" in _plan("test-long")
    workflow = _named("nightly")
    assert workflow[True]["schedule"]
    assert any(step.get("run") == "make test-long" for step in workflow["jobs"]["test-long"]["steps"])


def _plan(target: str) -> str:
    """What make would do for a target in CI."""
    return subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=ROOT,
        env={**os.environ, "CI": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
