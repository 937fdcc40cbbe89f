import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.stage import topics
from connector.domain.stage.stage import NAMED_STAGES, Stage, refusal
from connector.domain.stage.topics import Catalogue, fold, twins
from tests.domain import aws_rules, strategies


@given(strategies.stages)
def test_every_stage_has_legal_topics_and_groups(stage: Stage) -> None:
    for name in (*stage.topics, *stage.topics.groups):
        assert aws_rules.TOPIC.admits(name), (name, aws_rules.TOPIC.source)
    assert aws_rules.TOPIC.longest == topics.MAX_TOPIC_LENGTH


@given(strategies.stages)
def test_each_topic_has_one_role_and_lives_in_the_namespace(stage: Stage) -> None:
    found = list(stage.topics)
    assert len(found) == len(set(found))
    assert len({fold(name) for name in found}) == len(found), "no stage is its own twin"
    assert all(name.startswith(stage.namespace) for name in (*found, *stage.topics.groups))


@given(strategies.pairs())
def test_two_stages_of_one_cluster_share_no_topic_and_no_group(pair: tuple[Stage, Stage]) -> None:
    one, other = pair
    if not one.ephemeral and not other.ephemeral:
        return  # named stages live on clusters of their own; registration refuses a second one
    assert not set(one.topics) & set(other.topics)
    assert not set(one.topics.groups) & set(other.topics.groups)


@given(strategies.ephemeral_stages)
def test_no_topic_or_group_of_an_ephemeral_stage_is_a_bare_name_in_any_spelling(stage: Stage) -> None:
    bare = {fold(name).lower() for name in strategies.BARE_NAMES}
    for name in (*stage.topics, *stage.topics.groups):
        assert fold(name).lower() not in bare


def test_named_stages_differ_only_in_their_connect_group() -> None:
    for stage in NAMED_STAGES:
        catalogue = Stage(stage).topics
        assert catalogue.connect_group == f"mgmt.connect.wms-connector-{stage}"
        assert catalogue.one("connect_offsets") == f"mgmt.connect.wms-connector-{stage}.offsets"
        assert catalogue.roles["data"] == (
            "wms.MMDL.PLAN_BASE_WVR_TBL",
            "wms.MMDL.PLAN_WVR_RVSN_TBL",
            "wms.WMS.PLAN_BASE_WVR_TBL",
            "wms.WMS.PLAN_WVR_RVSN_TBL",
        )
        assert catalogue.roles["data_jdbc"] == (
            "aws.wms.cdc.WMS.PLAN_BASE_WVR_TBL",
            "aws.wms.cdc.WMS.PLAN_WVR_RVSN_TBL",
        )
        assert catalogue.roles["data_jdbc_bare"] == (
            "aws.wms.cdc.PLAN_BASE_WVR_TBL",
            "aws.wms.cdc.PLAN_WVR_RVSN_TBL",
        )
        assert catalogue.signal_group == "wms-signal"
        assert catalogue.signal_group in catalogue.groups


def test_an_ephemeral_stage_has_everything_in_its_namespace() -> None:
    catalogue = Stage("feature-xyz").topics
    assert catalogue.prefix == "feature-xyz.wms"
    assert catalogue.connect_group == "feature-xyz.mgmt.connect.wms-connector-feature-xyz"
    assert catalogue.one("schema_change") == "feature-xyz.wms"
    assert catalogue.one("schema_history") == "feature-xyz.wms.schema-changes"
    assert catalogue.one("heartbeat") == "feature-xyz.wms.heartbeat"
    assert catalogue.one("notification") == "feature-xyz.wms.notifications"
    assert "feature-xyz.aws.wms.cdc.WMS.PLAN_BASE_WVR_TBL" in catalogue
    assert "feature-xyz.wms.OTHER" not in catalogue


def test_registration_makes_topics_that_the_catalogue_names_and_never_connects_own() -> None:
    catalogue = Stage("main").topics
    for kind in ("debezium", "jdbc"):
        specs = catalogue.specs(kind, data_partitions=3, data_retention_days=2, max_record_mib=4)
        assert all(spec.name in catalogue.roles[spec.role] for spec in specs)
        assert not [spec for spec in specs if spec.role.startswith("connect")]
        data = [spec for spec in specs if spec.role.startswith("data")]
        assert {spec.partitions for spec in data} == {3}
        assert {spec.configs["retention.ms"] for spec in data} == {str(2 * 24 * 3600 * 1000)}
        assert {spec.configs["max.message.bytes"] for spec in data} == {str(4 * 1024 * 1024 + 12)}


def test_a_data_topic_takes_what_kafka_takes_by_default() -> None:
    data = [spec for spec in Stage("main").topics.specs("debezium") if spec.role == "data"]
    assert {spec.configs["max.message.bytes"] for spec in data} == {"1048588"}


def test_the_schema_history_keeps_everything_in_one_partition() -> None:
    (history,) = (s for s in Stage("main").topics.specs("debezium") if s.role == "schema_history")
    assert history.partitions == 1
    assert history.exact_partitions
    assert history.configs == {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}


def test_a_role_with_several_topics_has_no_single_one() -> None:
    with pytest.raises(ValueError, match="unpack"):
        Catalogue("", "group").one("data")


@given(st.text(strategies.ALPHABET), st.text(strategies.ALPHABET))
def test_names_fold_together_exactly_when_they_differ_in_dot_and_underscore_only(
    one: str, other: str
) -> None:
    same = len(one) == len(other) and all(
        a == b or {a, b} == {".", "_"} for a, b in zip(one, other, strict=True)
    )
    assert (fold(one) == fold(other)) == same


@given(strategies.ephemeral_stages)
def test_a_stage_with_dot_and_underscore_exchanged_is_a_twin_in_every_topic(stage: Stage) -> None:
    mirrored = [name.translate(str.maketrans("._", "_.")) for name in stage.topics]
    assert twins(stage.topics, mirrored) == tuple(zip(stage.topics, mirrored, strict=True))


def test_topics_that_differ_only_in_dot_and_underscore_are_reported_in_pairs() -> None:
    assert twins(["a.b", "c"], ["a.b", "a_b", "c", "d"]) == (("a.b", "a_b"),)
    assert twins([], ["a"]) == ()


@given(strategies.stages)
def test_the_topics_of_a_comparison_are_the_catalogues_and_keep_an_hour(stage: Stage) -> None:
    specs = stage.topics.comparison_specs()
    assert tuple(spec.name for spec in specs) == stage.topics.roles["comparison"]
    assert {spec.configs["retention.ms"] for spec in specs} == {str(3600 * 1000)}
    assert not {spec.name for spec in specs} & {spec.name for spec in stage.topics.specs("debezium")}


def test_no_stage_may_be_called_as_the_namespace_of_comparisons() -> None:
    for stage in map(Stage, NAMED_STAGES):
        assert all(name.startswith("wms.reconcile.") for name in stage.topics.roles["comparison"])
    assert "could be mistaken" in str(refusal("wms.reconcile"))
    assert "could be mistaken" in str(refusal("WMS_reconcile"))
