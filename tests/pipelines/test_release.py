"""The release workflow, step by step, in a repository whose commits are sentences as this one's are."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import release
from tools.release import ReleaseError, ReleaseVersion

ROOT = Path(__file__).parents[2]
#: Subjects from this repository's history.
SENTENCES = (
    "Judge a stage once: status, verify and registration answer the health check's findings",
    "Drop Metric.pending: every metric is emitted, so nothing set it",
    "Say how a dropped table is seen",
)
_DAY = date(2026, 12, 1)
#: What the former release tool, release-please, takes for a reason to release.
_CONVENTIONAL = re.compile(r"(feat|fix|deps|perf|revert)(\([^)]*\))?!?: ")


def _jobs() -> dict[str, Any]:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    assert isinstance(jobs, dict)
    return jobs


class Checkout:
    """A clone of a repository of its own, with a `gh` that only writes down what it was asked."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = base / "clone"
        self.temp = base / "temp"
        self.temp.mkdir()
        self._git_in(base, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
        self._git_in(base, "clone", "--quiet", "origin.git", "clone")
        for name in ("pyproject.toml", "uv.lock", "code.json"):
            shutil.copy(ROOT / name, self.root)
        shutil.copytree(ROOT / "tools", self.root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        self.git("switch", "--quiet", "--create", "main")
        self.commit("Build the pipeline")
        programs = base / "bin"
        programs.mkdir()
        (programs / "python3").symlink_to(sys.executable)
        fake = programs / "gh"
        fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>"{base}/gh-calls"\n', encoding="utf-8")
        fake.chmod(0o755)

    def _git_in(self, directory: Path, *arguments: str) -> str:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.base / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.base),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_SHA": "0" * 40,
            "GH_TOKEN": "none",
        }

    def git(self, *arguments: str) -> str:
        return self._git_in(self.root, *arguments)

    def commit(self, *subjects: str) -> None:
        self.git("add", "--all")
        for subject in subjects:
            self.git("commit", "--quiet", "--allow-empty", "--message", subject)

    def run(self, job: str, **values: str) -> None:
        """Run the job's scripts in order, with the values that the expressions in `env` would have."""
        for step in _jobs()[job]["steps"]:
            if "run" not in step:
                continue
            subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
                cwd=self.root,
                env=self._environment() | {key: values[key] for key in step["env"] if key in values},
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )

    def gh_calls(self) -> list[str]:
        calls = self.base / "gh-calls"
        return calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []

    def versions(self) -> set[str]:
        """The version, wherever it stands."""
        project = tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        lock = tomllib.loads((self.root / "uv.lock").read_text(encoding="utf-8"))
        inventory = json.loads((self.root / "code.json").read_text(encoding="utf-8"))
        return {
            project["version"],
            next(p["version"] for p in lock["package"] if p["name"] == project["name"]),
            inventory["releases"][0]["version"],
        }

    def changelog(self) -> str:
        return (self.root / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_tool_before_would_have_released_nothing():
    """Why there is a program of our own: no commit of this repository has the form that it looks for."""
    assert [sentence for sentence in SENTENCES if _CONVENTIONAL.match(sentence)] == []


def test_plain_sentences_become_a_pull_request_and_then_a_release(checkout: Checkout):
    checkout.git("tag", "v0.1.0")
    checkout.commit(*SENTENCES)
    checkout.run("propose", KIND="minor", VERSION="0.2.0")

    assert (checkout.temp / "output").read_text(encoding="utf-8") == "version=0.2.0\n"
    assert checkout.versions() == {"0.2.0"}
    assert re.search(r"^## 0\.2\.0 \(\d{4}-\d\d-\d\d\)$", checkout.changelog(), re.MULTILINE)
    assert [line for line in checkout.changelog().splitlines() if line.startswith("- ")] == [
        f"- {sentence}" for sentence in reversed(SENTENCES)
    ]
    assert checkout.git("log", "--format=%s", "-1", "origin/release/v0.2.0") == "Release 0.2.0"
    assert any(call.startswith("pr create --base main --head release/v0.2.0") for call in checkout.gh_calls())

    checkout.git("switch", "--quiet", "main")
    checkout.run("publish")
    assert not any("release create" in call for call in checkout.gh_calls()), "nothing was merged yet"

    checkout.git("merge", "--quiet", "--no-ff", "--message", "Merge the release", "release/v0.2.0")
    checkout.run("publish")
    assert checkout.gh_calls()[-1].startswith(f"release create v0.2.0 --target {'0' * 40} --title v0.2.0")
    assert (checkout.temp / "notes.md").read_text(encoding="utf-8").startswith(f"- {SENTENCES[-1]}\n")

    checkout.git("tag", "v0.2.0")
    before = len(checkout.gh_calls())
    checkout.commit("Raise the floor of the coverage")
    checkout.run("publish")
    assert len(checkout.gh_calls()) == before, "a version is published once"


def test_the_next_release_lists_only_what_came_since(checkout: Checkout):
    checkout.git("tag", "v0.1.0")
    checkout.commit(SENTENCES[0])
    release.prepare(checkout.root, "minor", _DAY)
    checkout.commit("Release 0.2.0 (#7)")
    checkout.git("tag", "v0.2.0")
    checkout.commit(SENTENCES[1])
    assert release.prepare(checkout.root, "patch", _DAY) == ReleaseVersion(0, 2, 1)
    newest = release.notes(checkout.root, ReleaseVersion(0, 2, 1))
    assert newest == f"- {SENTENCES[1]}\n"
    assert release.notes(checkout.root, ReleaseVersion(0, 2, 0)) == f"- {SENTENCES[0]}\n"
    assert checkout.changelog().index("## 0.2.1 (2026-12-01)") < checkout.changelog().index("## 0.2.0 (")


def test_commits_that_were_meant_to_be_squashed_are_left_out(checkout: Checkout):
    checkout.git("tag", "v0.1.0")
    unfinished = ("WIP", "WIP: try a floor", f"fixup! {SENTENCES[0]}", f"squash! {SENTENCES[0]}")
    checkout.commit(SENTENCES[0], *unfinished, "Wipe the record", "Say what fixup! does")
    version = release.prepare(checkout.root, "patch", _DAY)
    assert release.notes(checkout.root, version).splitlines() == [
        "- Say what fixup! does",
        "- Wipe the record",
        f"- {SENTENCES[0]}",
    ]


def test_a_release_of_unfinished_commits_only_is_refused(checkout: Checkout):
    checkout.git("tag", "v0.1.0")
    checkout.commit("WIP")
    with pytest.raises(ReleaseError, match=r"since v0\.1\.0"):
        release.prepare(checkout.root, "patch", _DAY)


def test_the_first_release_is_the_version_that_stands_there(checkout: Checkout):
    (version,) = checkout.versions()
    assert str(release.prepare(checkout.root, "major", _DAY)) == version
    assert str(release.unpublished(checkout.root)) == version


def test_what_stands_in_a_subject_is_shown_as_it_is(checkout: Checkout):
    checkout.git("tag", "v0.1.0")
    checkout.commit("Ask `@someone` for <b> and [a](b)")
    release.prepare(checkout.root, "patch", _DAY)
    assert "- Ask \\`&#64;someone\\` for \\<b\\> and \\[a\\](b)\n" in checkout.changelog()


def test_a_release_without_a_commit_is_refused(checkout: Checkout, capsys: pytest.CaptureFixture[str]):
    checkout.git("tag", "v0.1.0")
    before = checkout.versions()
    assert release.main(["prepare", "minor"], checkout.root) == 2
    assert "nothing was committed since v0.1.0" in capsys.readouterr().err
    assert checkout.versions() == before


def test_a_shallow_clone_is_refused(checkout: Checkout, tmp_path: Path):
    """The default of actions/checkout: every commit before the newest would be missing from the changelog."""
    checkout.commit(*SENTENCES)
    checkout._git_in(tmp_path, "clone", "--quiet", "--depth=1", f"file://{checkout.root}", "shallow")
    with pytest.raises(ReleaseError, match="shallow"):
        release.prepare(tmp_path / "shallow", "minor", _DAY)
    for job in _jobs().values():
        (step,) = [step for step in job["steps"] if "checkout" in step.get("uses", "")]
        assert step["with"]["fetch-depth"] == 0


@pytest.mark.parametrize(("kind", "expected"), [("patch", "1.2.4"), ("minor", "1.3.0"), ("major", "2.0.0")])
def test_a_kind_of_release_raises_one_number(kind: str, expected: str):
    assert str(ReleaseVersion.parse("v1.2.3").raised(kind)) == expected


@pytest.mark.parametrize("text", ["1.2", "1.2.3-rc1", "", "x1.2.3"])
def test_what_is_no_version_is_refused(text: str):
    with pytest.raises(ReleaseError, match="three numbers"):
        ReleaseVersion.parse(text)


def test_notes_of_what_is_no_version_end_in_one_line(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        release.main(["notes", "x"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("'x' is not a version of three numbers")
