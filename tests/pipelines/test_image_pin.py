"""The workflow that moves the image's bases on: its last step, as the runner's shell runs it."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.pipelines.test_workflows import _named, _run, _triggers

JOB = _named("image-pin")["jobs"]["pin"]
FILE = "connector/image/bases.env"


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone of main, and a `gh` that writes down its calls and answers that `open` is an open request."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin")
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "work")
    work = tmp_path / "work"
    (work / FILE).parent.mkdir(parents=True)
    (work / FILE).write_text("JRE_IMAGE=x:17@sha256:1\n", encoding="utf-8")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "All")
    git(work, "remote", "add", "origin", "../origin")
    git(work, "push", "--quiet", "origin", "main")
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\necho "$1 $2" >>{tmp_path}/calls\ntest "$2" != list || cat {tmp_path}/open\n')
    gh.chmod(0o755)
    (tmp_path / "open").write_text("", encoding="utf-8")
    return work


def run(checkout: Path) -> tuple[str, list[str]]:
    """What the step prints, and the calls of `gh`."""
    outside = checkout.parent
    path = f"{outside / 'bin'}{os.pathsep}{os.environ['PATH']}"
    printed, _ = _run(JOB["steps"][-1], checkout, PATH=path, RUNNER_TEMP=str(outside), HOME=str(outside))
    calls = outside / "calls"
    return printed, calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []


def test_it_runs_on_a_schedule_on_main_only_with_the_rights_for_a_pull_request_only():
    assert "schedule" in _triggers(_named("image-pin"))
    assert JOB["if"] == "github.ref == 'refs/heads/main'"
    assert JOB["permissions"] == {"contents": "write", "pull-requests": "write"}
    assert [step["run"] for step in JOB["steps"] if "image pin" in step.get("run", "")] == [
        ".venv/bin/wms-connector image pin --tool docker"
    ]


def test_bases_that_stay_open_nothing(checkout: Path):
    (checkout / "other").write_text("x", encoding="utf-8")
    printed, calls = run(checkout)
    assert printed == "The base images have not moved.\n"
    assert calls == []
    assert git(checkout, "ls-remote", "--heads", "origin").count("refs/heads") == 1


@pytest.mark.parametrize(("already_open", "last"), [("", "pr create"), ("7\n", "pr edit")])
def test_a_base_that_moved_opens_or_renews_one_pull_request(checkout: Path, already_open: str, last: str):
    (checkout.parent / "open").write_text(already_open, encoding="utf-8")
    (checkout / FILE).write_text("JRE_IMAGE=x:17@sha256:2\n", encoding="utf-8")
    (checkout / "other").write_text("x", encoding="utf-8")
    _, calls = run(checkout)
    assert calls == ["auth setup-git", "pr list", last]
    assert git(checkout, "diff", "--name-only", "main", "origin/image-pin").split() == [FILE]
    assert "+JRE_IMAGE=x:17@sha256:2" in (checkout.parent / "body.md").read_text(encoding="utf-8")
