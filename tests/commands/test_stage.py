from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from connector.domain.stage.aws_names import COMPONENTS
from connector.domain.stage.stage import Stage
from tests.commands.conftest import Run, assert_one_line
from tests.domain import strategies

KEYS = {
    *("stage", "ephemeral", "slug", "namespace", "topic_prefix", "connector"),
    *("stacks", "topics", "groups", "names", "secrets"),
}


def test_a_named_stage_is_shown_as_json(run_json: Callable[..., Any]) -> None:
    shown = run_json("stage show", "main")
    assert set(shown) == KEYS
    assert (shown["stage"], shown["ephemeral"], shown["slug"], shown["namespace"]) == (
        "main",
        False,
        "main",
        "",
    )
    assert shown["stacks"] == {component: f"wms-{component}-main" for component in COMPONENTS}
    assert shown["topics"]["schema_history"] == ["wms.schema-changes"]
    assert len(shown["topics"]["data"]) == 4
    assert shown["groups"]["connect"] == "mgmt.connect.wms-connector-main"
    assert shown["names"]["table"] == "wms-connector-main-state"
    assert shown["secrets"]["dbInfo"] == ["wms/main/dbInfo", "wms/default/dbInfo"]


def test_an_ephemeral_stage_is_shown_as_json(run_json: Callable[..., Any]) -> None:
    shown = run_json("stage show", "Feature.X")
    assert (shown["stage"], shown["ephemeral"], shown["namespace"]) == ("Feature.X", True, "Feature.X.")
    assert shown["stacks"]["network"] == f"wms-network-{shown['slug']}"
    assert shown["topics"]["schema_change"] == ["Feature.X.wms"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(stage=strategies.stages)
def test_every_admitted_stage_is_shown_whatever_it_begins_with(
    run_json: Callable[..., Any], stage: Stage
) -> None:
    shown = run_json("stage show", "--", stage.name)
    assert shown["slug"] == stage.slug
    assert sorted(name for names in shown["topics"].values() for name in names) == sorted(stage.topics)


def test_a_person_sees_the_same_names_unbroken(run: Run, run_json: Callable[..., Any]) -> None:
    stage = "x" * 64
    shown, result = run_json("stage show", stage), run("stage", "show", stage)
    assert result.exit_code == 0
    words = set(result.stdout.split())
    named = [*shown["stacks"].values(), *shown["names"].values(), *shown["groups"].values()]
    named += [name for names in (*shown["topics"].values(), *shown["secrets"].values()) for name in names]
    assert set(named) <= words
    assert "ephemeral stage" in result.stdout


def test_another_secret_prefix_is_used_in_the_paths(run_json: Callable[..., Any]) -> None:
    assert run_json("stage show", "--secret-prefix", "mmdl", "val")["secrets"]["vpc"] == [
        "mmdl/val/vpc",
        "mmdl/default/vpc",
    ]


@pytest.mark.parametrize(
    "stage", ["Main", "default", "wms", "aws.wms", "feature/x", "", " main", "main\n", ".."]
)
def test_a_refused_stage_is_one_line_and_status_2(run: Run, stage: str) -> None:
    for extra in ([], ["--json"]):
        assert_one_line(run("stage", "show", *extra, "--", stage), "is refused", repr(stage))


def test_a_bad_secret_prefix_is_one_line_and_status_2(run: Run) -> None:
    assert_one_line(run("stage", "show", "main", "--secret-prefix", "/x/"), "secret_prefix '/x/'")
