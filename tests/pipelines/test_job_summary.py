"""The job's summary: what a command printed, whatever it is, and the command's own exit status."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import job_summary


def test_output_cannot_leave_its_block():
    assert job_summary.section("T", 0, "a\n```\n# not a heading\n") == (
        "### T\n\n````text\na\n```\n# not a heading\n````\n\n"
    )


def test_a_summary_is_kept_below_what_github_takes():
    text = job_summary.section("T", 2, "x" * 2_000_000)
    assert len(text.encode()) < 1024 * 1024
    assert text.startswith("### T: failed with exit status 2\n")
    assert "cut off; the job's log has it all" in text


@pytest.mark.parametrize("status", [0, 3])
def test_the_exit_status_is_the_commands(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    code = f"import sys; print('out'); print('err', file=sys.stderr, flush=True); sys.exit({status})"
    assert job_summary.run("Title", [sys.executable, "-u", "-c", code]) == status
    assert capsys.readouterr().out == "out\nerr\n"
    assert summary.read_text().startswith("before\n### Title")
    assert "\nout\nerr\n" in summary.read_text()


def test_outside_of_github_only_the_command_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert job_summary.run("Title", [sys.executable, "-c", "pass"]) == 0


def test_a_call_without_a_command_says_how_to_call_it():
    done = subprocess.run(
        [sys.executable, "-m", "tools.job_summary", "Title", "--"],
        cwd=Path(job_summary.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.startswith("usage: ")) == (1, True)
