"""What is refused before anything is touched."""

import pytest
from botocore.exceptions import ClientError
from sceptre.exceptions import SceptreException

from hooks.admit import AdmitStage
from tests.support.fake_aws import FakeConnection, FakeStack, refuse


def run(connection: FakeConnection, group: str = "main", **config: object) -> None:
    stack = FakeStack(f"{group}/network", "wms-network-x", connection)
    stack.stack_group_config.update(config)
    AdmitStage(None, stack).run()


def test_a_stage_with_foundation_and_good_secrets_is_admitted():
    run(FakeConnection.ready())


def test_each_secret_is_read_once_however_many_stacks_ask():
    connection = FakeConnection.ready("main")
    run(connection)
    run(connection)
    reads = [call for call in connection.calls if call == ("secretsmanager", "get_secret_value")]
    assert len(reads) == 6


def test_the_foundation_itself_needs_nothing_of_a_stage():
    run(FakeConnection(), "foundation")


def test_a_launch_without_the_foundation_says_so_in_one_line():
    connection = FakeConnection.ready()
    connection.stacks.clear()
    with pytest.raises(SceptreException, match="run `sceptre launch foundation` once"):
        run(connection)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("default", "have a meaning of their own"),
        ("Main", "differs from the named stage 'main' only in case"),
        ("feature/x", "letter a-z"),
        ("ephemeral/feature/x", "letter a-z"),
        ("ephemeral/wms", "could be mistaken for the start of"),
        ("ephemeral/main ", "letter a-z"),
    ],
)
def test_a_refused_stage_is_named_with_the_rule(group: str, words: str):
    connection = FakeConnection.ready()
    with pytest.raises(SceptreException, match=words):
        run(connection, group)
    assert connection.calls == []


def test_a_missing_secret_names_both_places():
    connection = FakeConnection.ready()
    del connection.secrets["wms/default/dbInfo"]
    with pytest.raises(SceptreException) as caught:
        run(connection)
    assert "wms/main/dbInfo" in str(caught.value)
    assert "wms/default/dbInfo" in str(caught.value)


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (refuse("GetSecretValue", "AccessDeniedException", "not authorized"), "may not be read"),
        (
            refuse("GetSecretValue", "InvalidRequestException", "it was marked for deletion"),
            "marked for deletion",
        ),
        (
            refuse(
                "GetSecretValue",
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
            ),
            "has no value",
        ),
        ("  ", "is empty"),
        ("{", "is not valid JSON"),
        ("[]", "is a JSON array"),
    ],
)
def test_a_stage_secret_that_is_no_good_never_falls_back(stored: str | ClientError, words: str):
    connection = FakeConnection.ready()
    connection.secrets["wms/main/dbInfo"] = stored
    with pytest.raises(SceptreException, match=words) as caught:
        run(connection)
    assert "wms/main/dbInfo" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_misspelt_setting_is_refused_with_the_known_ones():
    with pytest.raises(SceptreException, match="unknown setting 'desired_cuont'; known: .*desired_count"):
        run(FakeConnection.ready(), desired_cuont=2)


def test_scram_needs_its_credentials():
    with pytest.raises(SceptreException, match="kafkaCredentials does not exist"):
        run(FakeConnection.ready(), kafka_auth="scram")
