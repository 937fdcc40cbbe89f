"""Rights that brokers do not give are told as the script prints them; what was not asked is not judged."""

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.acls import EVERY, Acl, Resource, acls
from connector.domain.capture.refused_rights import AllowedRights, refusal_of, refused_rights
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.stage import Stage
from tests.domain import strategies

MAIN = Stage("main")
WANTED = acls(MAIN, ConnectorSettings())
ALL = frozenset(operation for acl in WANTED for operation in acl.operations)
TOPICS = [acl.name for acl in WANTED if acl.resource is Resource.TOPIC and acl.name != EVERY]
EVERYTHING = AllowedRights(dict.fromkeys(TOPICS, ALL), (), ALL, ALL)


def test_nothing_is_missing_where_everything_is_allowed():
    assert refused_rights(WANTED, EVERYTHING) == ()


@given(stage=strategies.stages, data=st.data())
def test_each_right_on_a_topic_or_the_cluster_is_missed_alone(stage: Stage, data: st.DataObject):
    wanted = acls(stage, ConnectorSettings())
    asked = [acl for acl in wanted if acl.resource in (Resource.TOPIC, Resource.CLUSTER)]
    acl = data.draw(st.sampled_from(asked))
    operation = data.draw(st.sampled_from(acl.operations))

    def granted(resource: Resource, name: str) -> frozenset[str]:
        every = frozenset(each for other in wanted for each in other.operations)
        return every - {operation} if (acl.resource, acl.name) == (resource, name) else every

    allowed = AllowedRights(
        {each.name: granted(Resource.TOPIC, each.name) for each in wanted if each.resource is Resource.TOPIC},
        (),
        granted(Resource.TOPIC, EVERY),
        granted(Resource.CLUSTER, ""),
    )
    assert refused_rights(wanted, allowed) == (Acl(acl.resource, acl.name, (operation,)),)


def test_of_a_topic_that_does_not_exist_only_its_creation_is_judged():
    allowed = AllowedRights({}, {TOPICS[0]}, ALL, ALL)
    assert refused_rights(WANTED, allowed) == (Acl(Resource.TOPIC, TOPICS[0], ("Create",)),)
    assert refused_rights(WANTED, AllowedRights({}, (), ALL, ALL)) == ()


def test_many_missing_rights_are_counted():
    refused = refused_rights(WANTED, AllowedRights(dict.fromkeys(TOPICS, frozenset())))
    said = refusal_of(MAIN, refused, "scram")
    assert said.count("topic ") == 5
    assert f"; and {len(refused) - 5} more. Let the cluster's owners grant what" in said
