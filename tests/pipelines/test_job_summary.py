"""The job's summary: what a command printed, whatever it is, and the command's own exit status."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

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


@given(st.text(min_size=1), st.integers(1, 50), st.integers(1, 200))
def test_output_is_cut_by_its_bytes_and_at_the_border_of_a_character(text: str, times: int, most: int):
    printed = (text * times).strip()
    assume(printed)  # of nothing another text is shown
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_summary, "_MOST", most)
        shown = job_summary.section("T", 0, printed)
    kept, _, cut = shown.partition("text\n")[2].rpartition("\n... cut off; the job's log has it all\n")
    if len(printed.encode()) <= most:
        assert kept == ""
        return
    assert cut.startswith("```")
    assert printed.startswith(kept)
    assert most - 3 <= len(kept.encode()) <= most


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


def test_a_command_is_tried_again_until_it_succeeds_and_the_last_attempt_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    mark, pauses = tmp_path / "mark", list[float]()
    code = (
        f"import pathlib, sys; m = pathlib.Path({str(mark)!r}); n = len(m.read_text()) if m.exists() else 0\n"
        "m.write_text('x' * (n + 1)); print('attempt', n + 1); sys.exit(n < 2)"
    )
    status = job_summary.run("Title", [sys.executable, "-c", code], 6, 120, sleep=pauses.append)
    assert (status, pauses) == (0, [120, 120])
    assert (tmp_path / "summary").read_text() == "### Title\n\n```text\nattempt 3\n```\n\n"


def test_what_never_succeeds_fails():
    pauses = list[float]()
    command = [sys.executable, "-c", "import sys; sys.exit(4)"]
    assert job_summary.run("Title", command, 3, 1, sleep=pauses.append) == 4
    assert pauses == [1, 1]


@pytest.mark.parametrize(
    "given", [["Title"], ["Title", "--"], ["--", "true"], ["Title", "--attempts", "0", "--", "true"]]
)
def test_a_call_without_a_command_says_how_to_call_it(given: list[str]):
    done = subprocess.run(
        [sys.executable, "-m", "tools.job_summary", *given],
        cwd=Path(job_summary.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.startswith("usage: ")) == (2, True)
