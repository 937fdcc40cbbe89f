import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.domain.errors import RefusedStage
from connector.domain.stage import stage as stage_module
from connector.domain.stage import topics
from connector.domain.stage.stage import NAMED_STAGES, RULE, Stage, from_group_path, refusal, slug
from tests.domain import strategies

# A change here renames every resource of deployed stages: it must be seen.
SLUGS = {
    "main": "main",
    "production": "production",
    "feature-xyz": "feature-xyz",
    "0": "0",
    "a" * 33: "a" * 33,
    "a" * 34: "aaaaaaaaaaaaaaaaaaaaaa-a27c896c48",
    "feature.x": "feature-x-b2d9b5e2c5",
    "feature_x": "feature-x-5484b40cc3",
    "Feature-X": "feature-x-991d5c2430",
    "feature-0123456789": "feature-0123456789-0f2ec5350f",
    "deadbeef00": "deadbeef00-615713262c",
    "-x": "x-a420962426",
    "---": "x-cb3f91d54e",
    "x-": "x-c8b60efc60",
}


@pytest.mark.parametrize(("stage", "expected"), SLUGS.items())
def test_slugs_do_not_change(stage: str, expected: str) -> None:
    assert slug(stage) == expected


@given(strategies.texts)
def test_every_text_of_the_alphabet_is_admitted_or_refused_with_a_reason(text: str) -> None:
    reason = refusal(text)
    if reason is None:
        assert Stage.parse(text).name == text
        return
    with pytest.raises(RefusedStage) as refused:
        Stage.parse(text)
    message = str(refused.value)
    assert repr(text) in message
    assert reason in message
    assert "\n" not in message
    assert refused.value.exit_status == 2


@given(st.text(max_size=80))
@example("")
@example("main\n")
@example("feature/x")
@example("0/")
@example(" main")
@example("a" * 65)
@example("é")
@example("\u0661")
def test_a_text_beyond_the_alphabet_is_refused_with_the_rule(text: str) -> None:
    legal = 1 <= len(text) <= 64 and set(text) <= set(strategies.ALPHABET)
    if legal:
        return
    with pytest.raises(RefusedStage) as refused:
        Stage.parse(text)
    # A path gets the name that it ends in, if that is one.
    assert RULE in str(refused.value) or ("/" in text and "that is a path" in str(refused.value))
    assert str(refused.value).isprintable()


def test_there_is_no_object_for_a_refused_stage_however_it_is_made() -> None:
    with pytest.raises(RefusedStage):
        Stage("wms")


@given(strategies.pairs())
def test_two_stages_never_share_a_slug(pair: tuple[Stage, Stage]) -> None:
    one, other = pair
    assert one.slug != other.slug


@given(strategies.stages)
def test_a_slug_is_lower_case_and_short_and_does_not_change_when_it_is_legal_itself(stage: Stage) -> None:
    assert stage.slug == stage.slug.lower()
    assert len(stage.slug) <= 33
    assert slug(stage.name) == stage.slug
    assert stage.slug == stage.name or slug(stage.slug) != stage.slug, "a hashed slug is hashed again"


@pytest.mark.parametrize("named", NAMED_STAGES)
def test_named_stages_have_no_namespace(named: str) -> None:
    assert not Stage(named).ephemeral
    assert Stage(named).namespace == ""


@given(strategies.ephemeral_stages)
def test_the_namespace_is_the_stage_as_written(stage: Stage) -> None:
    assert stage.namespace == f"{stage.name}."


REFUSED = {
    "directories": [".", ".."],
    "beside the stages": ["config.yaml", "Config.YAML"],
    "words with a meaning": ["default", "foundation", "ephemeral", "Default", "FOUNDATION", "Ephemeral"],
    "other cases of named stages": ["Main", "MAIN", "Val", "vAL", "Production"],
    "data topics": ["wms", "wms.MMDL", "wms.WMS", "wms_WMS", "WMS", "Wms.mmdl", "wms.WMS.PLAN"],
    "words of table names": ["wms.MMDL.PLAN", "wms.MMDL.PLAN_BASE", "wms.MMDL.PLAN.BASE_WVR"],
    "topics of the JDBC kind": ["aws", "aws.wms", "aws_wms", "aws.wms.cdc", "aws.wms.cdc.WMS", "AWS"],
    "Connect's topics": ["mgmt", "mgmt.connect", "mgmt_connect", "mgmt.connect.wms-connector-main", "Mgmt"],
    "Kafka's topics": ["_", "__consumer", "__transaction", "._consumer", "._amazon", "__amazon_msk_connect"],
}


@pytest.mark.parametrize("text", [text for group in REFUSED.values() for text in group])
def test_what_could_be_mistaken_is_refused(text: str) -> None:
    assert refusal(text) is not None


ADMITTED = [
    *("feature-xyz", "feature.x", "feature_x", "FEATURE", "a", "A", "0", "a.b", "-", "--", "-x", "x-"),
    *("aws2", "wmsx", "xwms", "mgmt2", "mgmt-connect", "aws-wms", "wms-connector-main", "wms-signal"),
    *("main2", "main.x", "main_", "mainx", "validate", "val-1", "production-copy", "defaults", "my-default"),
    *("example", "foundation2", "ephemeral-x", "...", "__", "_x", "wms.x", "aws.x", "mgmt.x", "a" * 64),
]


@pytest.mark.parametrize("text", ADMITTED)
def test_what_cannot_be_mistaken_is_admitted(text: str) -> None:
    assert refusal(text) is None


def test_every_beginning_of_every_bare_name_is_refused_in_any_spelling() -> None:
    """Computed here a second time from the catalogue: each part that ends before a '.' or '_'."""
    for name in strategies.BARE_NAMES:
        for end, character in enumerate(name):
            start = name[:end]
            if character not in "._" or not 1 <= len(start) <= 64 or start in NAMED_STAGES:
                continue
            for spelling in (start, start.upper(), start.replace(".", "_"), start.replace("_", ".")):
                assert refusal(spelling) is not None, (spelling, name)


@given(strategies.ephemeral_stages)
def test_no_admitted_namespace_begins_a_bare_name(stage: Stage) -> None:
    start = topics.fold(stage.namespace).lower()
    assert not [name for name in strategies.BARE_NAMES if topics.fold(name).lower().startswith(start)]


@given(strategies.texts)
def test_a_refusal_as_mistakable_names_a_topic_that_it_could_be_mistaken_for(text: str) -> None:
    reason = refusal(text)
    if reason is None or "mistaken" not in reason:
        return
    name = reason.split("start of ")[1].split("'")[1]
    assert name in strategies.BARE_NAMES
    assert topics.fold(name).lower().startswith(topics.fold(f"{text}.").lower())


def test_refusals_follow_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that is added to the catalogue is refused as a stage without a list being edited."""
    assert refusal("newword") is None
    monkeypatch.setattr(topics, "BROKER_TOPICS", (*topics.BROKER_TOPICS, "newword.topic"))
    stage_module._bare_names.cache_clear()
    try:
        assert "newword.topic" in (refusal("newword") or "")
    finally:
        monkeypatch.undo()
        stage_module._bare_names.cache_clear()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("main", "main"),
        ("production", "production"),
        ("ephemeral/feature-xyz", "feature-xyz"),
        ("ephemeral/-x", "-x"),
    ],
)
def test_the_stage_follows_from_the_directory(path: str, expected: str) -> None:
    assert Stage.parse(from_group_path(path)).name == expected


@pytest.mark.parametrize(
    "path",
    [
        "ephemeral/main",
        "ephemeral/production",
        "ephemeral/a/b",
        "ephemeral",
        "ephemeral/",
        "default",
        "a/b",
        "",
    ],
)
def test_a_directory_that_is_no_stage_is_refused_when_parsed(path: str) -> None:
    with pytest.raises(RefusedStage):
        Stage.parse(from_group_path(path))


def test_a_long_text_is_not_repeated_in_full() -> None:
    with pytest.raises(RefusedStage) as refused:
        Stage.parse("x" * 10_000)
    assert len(str(refused.value)) < 300
