"""What a changed secret means, from the record and what is found."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.injected import VARIABLES, PinnedSecret, WorkerSecrets, names_for
from connector.domain.secrets.rotation import FoundSecret, Meaning, SecretChange, plan
from connector.domain.secrets.secrets import ALB_TLS, BROKER_STRING, DB_INFO, KAFKA_CREDENTIALS, KAFKA_TLS

RECORDED = {"wms/default/brokerString": "b1", "wms/main/dbInfo": "d1"}
BROKERS = FoundSecret(BROKER_STRING, "wms/default/brokerString", "b1")
DATABASE = FoundSecret(DB_INFO, "wms/main/dbInfo", "d1")


def never(path: str, version: str) -> str:
    return ""


def meanings(
    *found: FoundSecret, recorded: Mapping[str, str] = RECORDED
) -> list[tuple[str, SecretChange, Meaning]]:
    return [(each.path, each.change, each.meaning) for each in plan(recorded, found, never).changed]


def test_the_recorded_versions_are_no_change():
    assert meanings(BROKERS, DATABASE) == []
    assert "nothing would be done" in plan(RECORDED, [BROKERS, DATABASE], never).describe()


def test_a_new_version_is_tried_and_the_others_stay_as_they_are():
    found = plan(RECORDED, [BROKERS, FoundSecret(DB_INFO, "wms/main/dbInfo", "d2")], never)
    assert [(c.path, c.change, c.meaning) for c in found.changed] == [
        ("wms/main/dbInfo", SecretChange.VERSION, Meaning.TRY)
    ]
    assert found.versions == {"wms/default/brokerString": "b1", "wms/main/dbInfo": "d2"}
    assert found.tries(DB_INFO)
    assert not found.tries(BROKER_STRING)


@pytest.mark.parametrize(("before", "now"), [("main", "default"), ("default", "main")])
def test_a_secret_that_appears_or_vanishes_takes_the_place_of_the_other(before: str, now: str):
    recorded = {"wms/default/brokerString": "b1", f"wms/{before}/dbInfo": "d1"}
    found = plan(recorded, [BROKERS, FoundSecret(DB_INFO, f"wms/{now}/dbInfo", "d1")], never)
    assert [(c.change, c.meaning) for c in found.changed] == [(SecretChange.OTHER_PLACE, Meaning.TRY)]
    assert found.versions == {"wms/default/brokerString": "b1", f"wms/{now}/dbInfo": "d1"}


def test_a_secret_that_cannot_be_used_blocks_and_says_why():
    broken = FoundSecret(DB_INFO, "wms/main/dbInfo", "d2", problem="is not valid JSON")
    found = plan(RECORDED, [FoundSecret(BROKER_STRING, "wms/default/brokerString", "b2"), broken], never)
    assert found.blocked is not None
    assert found.blocked.meaning is Meaning.MALFORMED
    assert "is not valid JSON" in found.blocked.describe()


def test_a_secret_that_is_in_neither_place_any_more_is_a_mistake():
    missing = FoundSecret(DB_INFO, problem="neither exists")
    assert meanings(BROKERS, missing) == [("wms/main/dbInfo", SecretChange.GONE, Meaning.MALFORMED)]


def test_what_was_refused_blocks_with_its_reason():
    def refused(path: str, version: str) -> str:
        return "its login was refused" if (path, version) == ("wms/main/dbInfo", "d2") else ""

    found = plan(RECORDED, [BROKERS, FoundSecret(DB_INFO, "wms/main/dbInfo", "d2")], refused)
    assert found.blocked is not None
    assert found.blocked.meaning is Meaning.REFUSED


@pytest.mark.parametrize(
    ("recorded", "found"),
    [
        ({}, FoundSecret(KAFKA_TLS, "wms/main/kafkaTls", "t1")),
        ({"wms/main/kafkaTls": "t1"}, FoundSecret(KAFKA_TLS)),
        ({"wms/main/connectAlbTls": "a1"}, FoundSecret(ALB_TLS, "wms/main/connectAlbTls", "a2")),
    ],
)
def test_what_only_a_launch_can_do_is_said_and_its_recorded_version_stays(
    recorded: dict[str, str], found: FoundSecret
):
    made = plan({**RECORDED, **recorded}, [BROKERS, DATABASE, found], never)
    assert [c.meaning for c in made.changed] == [Meaning.LAUNCH]
    assert made.versions == {**RECORDED, **recorded}


def test_another_certificate_in_a_secret_that_was_there_is_tried():
    recorded = {**RECORDED, "wms/main/kafkaTls": "t1"}
    found = FoundSecret(KAFKA_TLS, "wms/main/kafkaTls", "t2")
    assert meanings(BROKERS, DATABASE, found, recorded=recorded) == [
        ("wms/main/kafkaTls", SecretChange.VERSION, Meaning.TRY)
    ]


def test_of_a_record_without_versions_nothing_is_known_to_have_changed():
    assert meanings(BROKERS, DATABASE, recorded={}) == []


VERSIONS = st.sampled_from(["1", "2"])


@given(VERSIONS, VERSIONS, st.sampled_from(["main", "default"]), st.sampled_from(["main", "default"]))
def test_after_a_rotation_nothing_is_left_to_do(old: str, new: str, before: str, now: str):
    found = [BROKERS, FoundSecret(DB_INFO, f"wms/{now}/dbInfo", new)]
    made = plan({"wms/default/brokerString": "b1", f"wms/{before}/dbInfo": old}, found, never)
    assert made.versions is not None
    assert plan(made.versions, found, never).changed == ()


# -- what ECS is given -------------------------------------------------------------------------------

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:wms/main/dbInfo-AbCdEf"


@given(st.sampled_from(["", "password"]), st.sampled_from(["", "0a1b-2c"]))
def test_a_reference_is_read_as_it_was_written(key: str, version: str):
    secret = PinnedSecret(ARN, version)
    assert PinnedSecret.of(secret.reference(key)) == secret


@pytest.mark.parametrize("reference", [ARN, f"{ARN}:password::"])
def test_a_reference_of_a_release_that_named_no_version_has_none(reference: str):
    assert PinnedSecret.of(reference) == PinnedSecret(ARN, "")


def test_every_variable_is_known_to_be_of_its_secret():
    one = PinnedSecret(ARN, "v")
    given_variables = WorkerSecrets(one, one, "username", "password", one, one).variables()
    assert set(given_variables) == {name for names in VARIABLES.values() for name in names}


@pytest.mark.parametrize(
    ("auth", "private_ca", "more"),
    [
        (KafkaAuth.SCRAM, False, (KAFKA_CREDENTIALS,)),
        (KafkaAuth.IAM, True, (KAFKA_TLS,)),
        (KafkaAuth.PLAINTEXT, True, ()),
    ],
)
def test_a_worker_needs_the_secrets_of_its_way_to_the_brokers(
    auth: KafkaAuth, private_ca: bool, more: tuple[str, ...]
):
    assert names_for(auth, private_ca=private_ca) == (BROKER_STRING, DB_INFO, *more)
