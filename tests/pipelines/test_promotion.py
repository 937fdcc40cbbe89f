"""The pull requests main -> val -> production, by the workflow's own script in a repository of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from connector.domain.stage.stage import NAMED_STAGES
from tools.promotion import following, notes

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "promote.yml").read_text(encoding="utf-8"))


class Repository:
    """A clone as the runner makes it, with a `gh` that notes what it was asked; `open_one`: its answer."""

    def __init__(self, base: Path) -> None:
        self.base, self.root = base, base / "clone"
        (base / "bin").mkdir()
        (base / "bin" / "python3").symlink_to(sys.executable)
        self.git("init", "--quiet", "--bare", "--initial-branch=main", "origin.git", at=base)
        self.git("clone", "--quiet", "origin.git", "clone", at=base)
        self.git("switch", "--quiet", "--create", "main")
        ignore = shutil.ignore_patterns("__pycache__")
        for package in ("tools", "connector/domain"):
            shutil.copytree(ROOT / package, self.root / package, ignore=ignore)
        self.git("add", "tools/promotion.py")
        self.commit("Build the pipeline")
        self.open_one = ""

    def git(self, *words: str, at: Path | None = None) -> str:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        done = subprocess.run(
            ["git", *identity, *words],
            cwd=at or self.root,
            env=self._environment("main"),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self, *subjects: str) -> None:
        for subject in subjects:
            self.git("commit", "--quiet", "--allow-empty", "--message", subject)

    def push(self, *branches: str) -> None:
        self.git("push", "--quiet", "origin", *(f"HEAD:refs/heads/{branch}" for branch in branches))

    def propose(self, head: str) -> str:
        """Run the job for a push to `head`; what it printed."""
        gh = self.base / "bin" / "gh"
        gh.write_text(
            f'#!/bin/sh\ncase "$*" in "pr list"*) printf "%s" "{self.open_one}";; '
            f'*) printf "%s\\n" "$*" >>"{self.base}/gh-calls";; esac\n',
            encoding="utf-8",
        )
        gh.chmod(0o755)
        (step,) = (step for step in WORKFLOW["jobs"]["propose"]["steps"] if "run" in step)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.root,
            env=self._environment(head),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    def asked(self) -> list[str]:
        calls = self.base / "gh-calls"
        return calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []

    def notes(self) -> str:
        return (self.base / "notes.md").read_text(encoding="utf-8")

    def _environment(self, head: str) -> dict[str, str]:
        return {
            "PATH": f"{self.base / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.base),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RUNNER_TEMP": str(self.base),
            "GH_TOKEN": "none",
            "HEAD": head,
        }


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_the_branches_that_propose_are_all_named_stages_but_the_last():
    assert tuple(WORKFLOW[True]["push"]["branches"]) == NAMED_STAGES[:-1]
    assert [following(stage) for stage in NAMED_STAGES] == ["val", "production", ""]
    assert following("feature-xyz") == ""


@pytest.mark.parametrize(("head", "base"), [("main", "val"), ("val", "production")])
def test_new_commits_are_proposed_to_the_next_stage(repository: Repository, head: str, base: str):
    repository.push(base)
    repository.commit("Say why @somebody waits", "Fix the second thing")
    repository.push(head)
    repository.propose(head)
    (call,) = repository.asked()
    assert call.startswith(
        f"pr create --base {base} --head {head} --title Promote {head} to {base} --body-file "
    )
    assert repository.notes().splitlines()[:4] == [
        f"Launches stage {base} with 2 commits that it does not have yet:",
        "",
        "    Fix the second thing",
        "    Say why @somebody waits",
    ]


def test_an_open_pull_request_is_renewed(repository: Repository):
    repository.push("val")
    repository.commit("One more thing")
    repository.push("main")
    repository.open_one = "17"
    repository.propose("main")
    assert repository.asked() == [f"pr edit 17 --body-file {repository.base}/notes.md"]


def test_a_merge_leaves_nothing_to_propose(repository: Repository):
    repository.commit("One more thing")
    repository.push("main", "val")
    assert repository.propose("main") == "Branch val has every commit of main.\n"
    assert repository.asked() == []


def test_a_branch_that_does_not_exist_is_said(repository: Repository):
    repository.push("main")
    assert repository.propose("main").startswith("::notice::There is no branch val")
    assert repository.asked() == []


def test_a_long_list_is_cut():
    text = notes([f"Change {number}" for number in range(250)], "val")
    assert "250 commits" in text
    assert "    ... and 150 more\n" in text
    assert text.endswith("proposed again.\n")
