"""The topics of all clusters, with no more requests than there are clusters to see."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.stage.stage import Stage
from connector.operations import cluster_view, deployed
from tests.support.fake_aws import FakeAws, cluster

#: What is asked in vain of one cluster at most: a wave is sent before its first answer is there.
_WAVE = 8


def account(stages: Mapping[str, Sequence[str] | str]) -> FakeAws:
    """An account in which stages are deployed; each has the topics of its cluster, or the error of asking."""
    made = FakeAws()
    for name, found in stages.items():
        stage = Stage.parse(name)
        tags = {"project": "wms-connector", "stage": name, "ephemeral": str(stage.ephemeral).lower()}
        for stack in stage.names.stacks.values():
            made.stacks[stack] = {
                "StackName": stack,
                "StackStatus": "CREATE_COMPLETE",
                "CreationTime": datetime(2030, 1, 1, tzinfo=UTC),
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        made.functions[stage.names.connect_admin] = cluster(found)
    return made


def orphans(made: FakeAws) -> tuple[Mapping[str, tuple[str, ...]], list[str]]:
    return cluster_view.orphan_topics(made, made.stacks.values())


def topics(*stages: str) -> list[str]:
    return [topic for name in stages for topic in Stage.parse(name).topics]


def branches(count: int) -> list[str]:
    return [f"branch-{number:03d}" for number in range(count)]


def test_two_hundred_branches_on_one_cluster_are_one_request():
    names = branches(200)
    made = account({name: [*topics(*names), "gone.wms.signal"] for name in names})
    assert orphans(made) == ({"gone": ("gone.wms.signal",)}, [])
    assert len(made.invoked) == 1


def test_each_named_stage_is_asked_for_it_may_have_left_topics_on_another_cluster():
    left = topics("main", "val", "x")
    made = account({"main": left, "val": ["gone.wms.signal"], "x": left})
    assert orphans(made) == ({"gone": ("gone.wms.signal",)}, [])
    assert len(made.invoked) == 2


def test_a_stage_that_does_not_answer_hides_no_cluster():
    names = branches(30)
    found = [*topics(*names), "gone.wms.signal"]
    made = account({**dict.fromkeys(names, found), names[0]: "no brokers"})
    assert orphans(made) == (
        {"gone": ("gone.wms.signal",)},
        [f"the cluster of stage {names[0]} could not be read: no brokers"],
    )
    assert len(made.invoked) <= 3


def test_a_stage_that_an_earlier_release_launched_is_known_by_its_group_of_then():
    later = Stage.parse("cL")
    earlier = f"{later.topics.previous_group}.config"
    assert earlier not in topics("branch")
    made = account({"branch": [*topics("branch"), earlier], later.name: ["never asked"]})
    orphans(made)
    assert [name for name, _ in made.invoked] == [Stage.parse("branch").names.connect_admin]


@given(st.lists(st.integers(min_value=0, max_value=5), max_size=60), st.sets(st.integers(0, 59)))
def test_nothing_is_missed_that_asking_every_stage_would_show(places: list[int], bare: set[int]):
    """Stages on up to six clusters, some without topics yet; each cluster holds an orphan of its own."""
    names = branches(len(places))
    on: dict[int, list[str]] = {place: [f"gone-{place}.wms.signal"] for place in places}
    for number, (name, place) in enumerate(zip(names, places, strict=True)):
        on[place] += [] if number in bare else topics(name)
    made = account({name: on[place] for name, place in zip(names, places, strict=True)})
    found, errors = orphans(made)
    assert found == {f"gone-{place}": (f"gone-{place}.wms.signal",) for place in sorted(on)}
    assert len(errors) == (0 if names else 1)
    without = len(bare & set(range(len(places))))
    assert len(made.invoked) <= _WAVE * len(on) + without


def test_what_is_left_of_a_stage_is_asked_by_name_however_many_stacks_there_are():
    made = account({name: [] for name in branches(50)})
    stage = Stage.parse("branch-007")
    assert deployed.left_of(made, stage) == tuple(sorted(stage.names.stacks.values()))
    for stack in stage.names.stacks.values():
        del made.stacks[stack]
    asked = len(made.calls)
    assert deployed.left_of(made, stage) == ()
    assert len(made.calls) - asked == len(stage.names.stacks)


def test_a_deleted_stack_is_not_left():
    made = account({"x": []})
    for stack in made.stacks.values():
        stack["StackStatus"] = "DELETE_COMPLETE"
    assert deployed.left_of(made, Stage.parse("x")) == ()
