"""A secret under a key that the roles may not use is refused with the secret, the key and the setting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import SecretError
from connector.domain.secrets import keys

SECRET = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:wms/main/dbInfo-AbCdEf"
ID = "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
ARN = f"arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/{ID}"


@pytest.mark.parametrize(
    "key", ["", "alias/aws/secretsmanager", "arn:aws:kms:us-east-1:123456789012:alias/aws/secretsmanager"]
)
def test_awss_own_key_needs_no_setting(key: str):
    assert keys.is_aws_managed(key)


@pytest.mark.parametrize("key", [ARN, ID, "alias/agency", "alias/aws/secretsmanager-2", "alias/x/aws/s3"])
def test_every_other_key_is_somebodys(key: str):
    assert not keys.is_aws_managed(key)


def test_an_id_is_a_key_of_the_secrets_account_and_region():
    assert keys.key_arn(ID, SECRET) == ARN
    multi = "mrk-0a1b2c3d0a1b2c3d4e5f0a1b2c3d4e5f"
    assert keys.key_arn(multi, SECRET) == f"arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/{multi}"


def test_an_arn_is_taken_as_it_is_also_of_another_account():
    foreign = ARN.replace("123456789012", "210987654321")
    assert keys.key_arn(foreign, SECRET) == foreign


@pytest.mark.parametrize(
    "alias", ["alias/agency", "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/agency"]
)
def test_an_alias_is_left_to_kms(alias: str):
    assert keys.key_arn(alias, SECRET) is None


def test_the_message_names_secret_key_and_setting():
    with pytest.raises(SecretError) as caught:
        keys.check_key("wms/main/dbInfo", ARN, {ARN.replace(ID, "1" + ID[1:])})
    assert str(caught.value) == (
        f"secret wms/main/dbInfo is encrypted with the key {ARN}, which the stage's functions and tasks may "
        "not use; add it to secrets_key_arns in config.yaml and let the key's policy admit this account "
        "(docs/secrets.md#access), or encrypt the secret with the foundation's key"
    )


@given(st.sets(st.uuids().map(lambda key: ARN.replace(ID, str(key)))), st.uuids())
def test_exactly_the_keys_of_the_setting_are_admitted(allowed: set[str], key: object):
    arn = ARN.replace(ID, str(key))
    for each in allowed:
        keys.check_key("wms/main/dbInfo", each, allowed)
    if arn not in allowed:
        with pytest.raises(SecretError, match="add it to secrets_key_arns"):
            keys.check_key("wms/main/dbInfo", arn, allowed)
