"""The comparison of rendered templates: texts may differ, nothing that a service acts on."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.render_diff import compare

BEFORE: dict[str, Any] = {
    "Description": "old",
    "Resources": {
        "F": {"Properties": {"Code": {"S3Key": "a.zip"}, "Timeout": 58, "Description": "old"}},
        "G": {"Properties": {"GroupDescription": "who may speak"}},
        "D": {"Properties": {"DashboardBody": json.dumps({"widgets": [{"title": "old", "period": 60}]})}},
    },
}


def lines(tmp_path: Path, after: Any) -> list[str]:
    for name, content in (("before", BEFORE), ("after", after)):
        (tmp_path / name / "main").mkdir(parents=True)
        (tmp_path / name / "main" / "x.json").write_text(json.dumps(content))
    return compare(tmp_path / "before", tmp_path / "after")


def changed(path: str, value: Any) -> Any:
    after = json.loads(json.dumps(BEFORE))
    *way, last = path.split("/")
    place = after
    for key in way:
        place = place[key]
    place[last] = value
    return after


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Description", "new"),
        ("Resources/F/Properties/Description", "new"),
        ("Resources/F/Properties/Code/S3Key", "b.zip"),
        ("Resources/D/Properties/DashboardBody", json.dumps({"widgets": [{"title": "new", "period": 60}]})),
    ],
)
def test_a_text_and_the_zips_key_may_differ(tmp_path: Path, path: str, value: Any):
    assert lines(tmp_path, changed(path, value)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Resources/F/Properties/Timeout", 60),
        ("Resources/G/Properties/GroupDescription", "who may connect"),
        ("Resources/D/Properties/DashboardBody", json.dumps({"widgets": [{"title": "old", "period": 300}]})),
        ("Resources/New", {}),
    ],
)
def test_what_a_service_acts_on_may_not(tmp_path: Path, path: str, value: Any):
    (line,) = lines(tmp_path, changed(path, value))
    assert path.rpartition("/")[2] in line or path.partition("/")[0] in line


def test_a_template_on_one_side_only_is_a_difference(tmp_path: Path):
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    (tmp_path / "after" / "x.json").write_text("{}")
    assert len(compare(tmp_path / "before", tmp_path / "after")) == 1
