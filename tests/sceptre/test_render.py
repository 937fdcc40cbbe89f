"""`wms-connector render`: offline, quick, and clear about what it does not find."""

import errno
import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import main
from connector.domain.errors import OperatorError
from connector.sceptre.render import StandIns, available, render
from connector.sceptre.settings import SETTINGS
from tests.config.test_config import add_ephemeral, copy  # noqa: F401  a fixture
from tests.support.project import copy_project, set_settings

EXPECTED = {
    "foundation": {"foundation"},
    **{
        stage: {"alerts", "network", "functions", "connector", "alarms", "events"}
        for stage in ("main", "val", "production", "default")
    },
}


def test_without_a_stage_it_renders_the_foundation_and_all_stages():
    assert {stage: set(found) for stage, found in render().items()} == EXPECTED


def test_it_takes_less_than_three_seconds():
    """Processor time: what else this machine does is not render's business."""
    start = time.process_time()
    render()
    assert time.process_time() - start < 3


def test_default_is_rendered_as_a_stage_called_example():
    found = render(["default"])
    assert "wms-connector-example" in found["default"]["connector"]


def test_an_ephemeral_stage_is_found_with_or_without_its_directory(copy: Path):  # noqa: F811
    add_ephemeral(copy, "feature-x")
    assert available(copy)[-1] == "ephemeral/feature-x"
    assert render(["feature-x"], project=copy) == render(["ephemeral/feature-x"], project=copy)
    assert "wms-connector-feature-x" in render(["feature-x"], project=copy)["feature-x"]["connector"]


@pytest.mark.parametrize("stage", ["feature/x", "Main", "", "..", "ephemeral", "config.yaml"])
def test_an_unknown_stage_is_answered_with_those_there_are(stage: str):
    with pytest.raises(OperatorError, match="only foundation, main, val, production, default"):
        render([stage])


def test_a_refused_stage_that_has_a_directory_is_refused_in_words(copy: Path):  # noqa: F811
    add_ephemeral(copy, "Main")
    with pytest.raises(OperatorError, match="differs from the named stage 'main' only in case"):
        render(["Main"], project=copy)


def test_an_unknown_setting_in_a_stages_config_is_answered_with_the_known_ones(copy: Path):  # noqa: F811
    (copy / "config" / "main" / "config.yaml").write_text("task_cpus: 2048\n")
    with pytest.raises(OperatorError, match="unknown setting 'task_cpus'; known: " + ", ".join(SETTINGS)):
        render(["main"], project=copy)


@pytest.mark.parametrize(
    ("yaml_text", "part"),
    [
        ("task_memory: 1000\n", "task_memory 1000 is not possible with task_cpu 1024"),
        ("kafka_auth: iam\n", "needs msk_cluster_arn"),
        ("kafka_auth: ssl\n", "allowed: tls, scram, iam, plaintext"),
        ("connector: {kindd: jdbc}\n", "known: kind"),
        ("task_cpu: [\n", "/config/main/config.yaml cannot be read: while parsing"),
        ("dns_cidrs: 10.0.0.0/8\n", "dns_cidrs: expected a list like [10.0.0.0/8], not '10.0.0.0/8'"),
        ("image: {{ nowhere }}\n", "config/main cannot be read"),
    ],
)
def test_a_wrong_setting_is_one_line(copy: Path, yaml_text: str, part: str):  # noqa: F811
    (copy / "config" / "main" / "config.yaml").write_text(yaml_text)
    with pytest.raises(OperatorError) as refused:
        render(["main"], project=copy)
    assert part in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("yaml_text", "shown"),
    [("desired_count 2\n", "'desired_count 2'"), ("5\n", "5"), ("- a\n", "['a']"), ("x" * 99, "xxx...'")],
)
@pytest.mark.parametrize("path", ["main/config.yaml", "config.yaml", "main/network.yaml"])
def test_a_file_that_is_no_mapping_is_named_in_one_line(
    copy: Path,  # noqa: F811
    path: str,
    yaml_text: str,
    shown: str,
):
    file = copy / "config" / path
    file.unlink()
    file.write_text(yaml_text)
    with pytest.raises(OperatorError) as refused:
        render(["main"], project=copy)
    assert str(refused.value).startswith(f"{file} holds ")
    assert f"{shown}, which is not a setting; expected lines like desired_count: 2" in str(refused.value)


@pytest.mark.parametrize("stage", ["nowhere", "ephemeral/nowhere"])
def test_a_branchs_stage_needs_no_directory_and_leaves_none(copy: Path, stage: str):  # noqa: F811
    """The templates are those of a stage that `ephemeral create` has made, but for the tags."""
    before = sorted(path.relative_to(copy) for path in (copy / "config").rglob("*"))
    without = render([stage, "main"], project=copy)
    assert sorted(path.relative_to(copy) for path in (copy / "config").rglob("*")) == before
    assert list(without) == ["nowhere", "main"]
    add_ephemeral(copy, "nowhere")
    assert without["nowhere"] == render(["nowhere"], project=copy)["nowhere"]


def test_a_branchs_stage_is_rendered_beside_those_that_have_directories(copy: Path):  # noqa: F811
    add_ephemeral(copy, "there")
    assert list(render(["there", "not-there"], project=copy)) == ["there", "not-there"]


def test_a_slip_of_the_pen_is_rendered_with_a_note(tmp_path: Path):
    result = CliRunner().invoke(main, ["render", "mian", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert "note: config/ephemeral/mian does not exist" in result.stderr
    assert "did you mean main?" in result.stderr


@pytest.mark.parametrize("auth", ["scram", "plaintext"])
def test_stand_ins_can_authenticate_otherwise(auth: str):
    found = render(["main"], stand_ins=StandIns(kafka_auth=auth))["main"]
    assert ("kafkaCredentials" in found["connector"]) == (auth == "scram")


def test_the_command_writes_one_file_per_stack(tmp_path: Path):
    result = CliRunner().invoke(main, ["render", "main", "--out", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    written = json.loads(result.output)["templates"]
    assert {Path(entry["path"]).relative_to(tmp_path).as_posix() for entry in written} == {
        f"main/{component}.json" for component in EXPECTED["main"]
    }
    assert all(Path(entry["path"]).stat().st_size == entry["bytes"] for entry in written)


@pytest.mark.parametrize(
    ("blocker", "words"),
    [
        ("main/network.json/x", "main/network.json is a directory"),
        ("main", "main is a file"),
    ],
)
def test_the_command_writes_nothing_where_a_target_is_in_the_way(tmp_path: Path, blocker: str, words: str):
    blocked = tmp_path / blocker
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("")
    before = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(main, ["render", "foundation", "main", "--out", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert f"{tmp_path}/{words}" in line
    assert "remove it, or give another directory" in line
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failure_in_the_middle_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_text = Path.write_text

    def full(path: Path, *words: Any, **more: Any) -> int:
        if "events" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write_text(path, *words, **more)

    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "alerts.json").write_text("before")
    monkeypatch.setattr(Path, "write_text", full)
    result = CliRunner().invoke(main, ["render", "main", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "No space left on device; give a directory that is writable" in result.stderr
    assert [path.name for path in (tmp_path / "main").iterdir()] == ["alerts.json"]
    assert (tmp_path / "main" / "alerts.json").read_text() == "before"


def test_an_empty_directory_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["render", "main", "--out", ""])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: --out is empty; give a directory to write to")


def test_the_command_answers_an_unknown_stage_in_one_line_with_status_2(tmp_path: Path):
    result = CliRunner().invoke(main, ["render", "feature/x", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(("minutes", "rate"), [(1, "rate(1 minute)"), (20, "rate(20 minutes)")])
def test_a_stage_sets_how_often_its_health_is_checked_for_schedule_and_alarms_alike(
    tmp_path: Path, minutes: int, rate: str
):
    """The dead man's switch covers two periods of the schedule, whatever it is; other stages keep theirs."""
    project = set_settings(copy_project(tmp_path), "val", health_schedule_minutes=minutes)
    found = render(["val", "main"], project=project)
    for stage, expected, seconds in (("val", rate, minutes * 60), ("main", "rate(10 minutes)", 600)):
        rule = json.loads(found[stage]["events"])["Resources"]["HealthSchedule"]["Properties"]
        assert rule["ScheduleExpression"] == expected
        alarms = json.loads(found[stage]["alarms"])["Resources"]
        switch = alarms["HealthCheckFailedAlarm"]["Properties"]
        assert (switch["Period"], switch["EvaluationPeriods"]) == (seconds, 2)
        assert switch["TreatMissingData"] == "breaching"
