from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.domain.stage.stage import NAMED_STAGES, Stage
from tests.commands.conftest import Run, assert_one_line
from tests.support.fake_aws import FakeAws, cluster

CLUSTER = ["wms", "wms.signal", "a.wms", "a.b.wms", "a_wms", "__consumer_offsets", "orders"]


def test_exactly_the_stages_own_topics_are_planned(run_json: Callable[..., Any]) -> None:
    existing = [*CLUSTER, *Stage("a").topics]
    plan = run_json("topics plan", "a", "--topics-file", "-", stdin="\n".join(existing))
    assert plan["delete"] == sorted(Stage("a").topics)
    assert plan["keep"] == sorted(set(CLUSTER) - {"a.wms"})
    assert set(plan["reasons"]) == set(plan["keep"])


def test_a_file_of_another_system_is_read_too(run_json: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "topics.txt"
    file.write_bytes("\ufeffa.wms\r\n\r\n  a.wms.signal \r\na.wms\r\n".encode())
    assert run_json("topics plan", "a", "--topics-file", str(file)) == {
        "delete": ["a.wms", "a.wms.signal"],
        "keep": [],
        "reasons": {},
    }


def test_a_person_sees_what_goes_and_why_the_rest_stays(run: Run) -> None:
    result = run("topics", "plan", "a", "--topics-file", "-", stdin="\n".join(CLUSTER))
    assert result.exit_code == 0
    assert "Would delete (1)" in result.stdout
    assert "Would keep (6)" in result.stdout
    assert "starts with a. but is not in the catalogue" in result.stdout


@pytest.mark.parametrize("stage", NAMED_STAGES)
def test_a_named_stage_has_no_plan(run: Run, stage: str) -> None:
    for source in ([], ["--topics-file", "-"]):
        assert_one_line(run("topics", "plan", stage, *source, stdin="wms\n"), f"{stage!r} is a named stage")


@pytest.mark.parametrize("stage", ["wms", "aws", "mgmt", "Main", "default", "a/b"])
def test_a_refused_stage_has_no_plan(run: Run, stage: str) -> None:
    assert_one_line(run("topics", "plan", stage, "--topics-file", "-", stdin="wms\n"), "is refused")


def test_without_a_list_the_stages_own_function_is_asked_for_the_clusters(
    run_json: Callable[..., Any], aws: FakeAws
) -> None:
    aws.functions["wms-connector-a-connect-admin"] = cluster(CLUSTER)
    plan = run_json("topics plan", "a")
    assert plan["delete"] == ["a.wms"]
    assert [event for _, event in aws.invoked] == [{"operation": "topic-names", "stage": "a"}]


def test_where_no_function_is_deployed_the_command_says_what_to_give(run: Run, aws: FakeAws) -> None:
    assert_one_line(
        run("topics", "plan", "a"), "Lambda wms-connector-a-connect-admin does not exist", "--topics-file"
    )


def test_a_cluster_that_nobody_can_inspect_is_reported_with_the_stage_and_what_to_do(
    run: Run, aws: FakeAws
) -> None:
    aws.functions["wms-connector-a-connect-admin"] = cluster("the brokers do not answer a connection")
    result = run("topics", "plan", "a")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    for words in (
        "secret brokerString of stage 'a'",
        "the brokers do not answer",
        "fix that and run this again",
    ):
        assert words in result.stderr
