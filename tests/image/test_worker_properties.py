"""worker.properties: what varies comes from the environment, and the environment is the contract's."""

import re
from pathlib import Path

import pytest

from connector.domain.capture.settings import _RANGES
from connector.domain.secrets.brokers import RECONNECT_BACKOFF_MAX_MS, RECONNECT_BACKOFF_MS
from tests.support.worker_environment import task_environment

IMAGE = Path(__file__).parents[2] / "connector" / "image"
#: The entry point reads the authority's certificate and hands on where it has put it.
ADDED = {"TASK_ADDRESS", "KAFKA_TRUSTSTORE_TYPE", "KAFKA_TRUSTSTORE_LOCATION"}
CONTRACT = {*task_environment(), *ADDED} - {"KAFKA_CERTIFICATE_AUTHORITY"}


def _properties() -> dict[str, str]:
    lines = (IMAGE / "conf" / "worker.properties").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    assert len({key for key, _, _ in pairs}) == len(pairs), "a key is set twice"
    return {key: value for key, _, value in pairs}


PROPERTIES = _properties()
REFERENCES = set(re.findall(r"\$\{env:(\w+)\}", "".join(PROPERTIES.values())))
ALLOWED = re.compile(PROPERTIES["config.providers.env.param.allowlist.pattern"])


def test_every_variable_referred_to_is_in_the_contract():
    assert REFERENCES <= CONTRACT


def test_every_variable_of_the_contract_is_allowed_and_used_here_or_by_connector_configs():
    assert all(ALLOWED.fullmatch(name) for name in CONTRACT)
    assert REFERENCES | {"DATABASE_USER", "DATABASE_PASSWORD"} == CONTRACT


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "ECS_CONTAINER_METADATA_URI_V4",
        "JAVA_TOOL_OPTIONS",
        "CONNECT_LOG_MASK",
        "DATABASE_PASSWORD_OLD",
        "XDATABASE_USER",
    ],
)
def test_a_connector_config_can_read_no_other_variable(name: str):
    assert not ALLOWED.search(name)


@pytest.mark.parametrize(
    "key",
    [
        "bootstrap.servers",
        "group.id",
        "config.storage.topic",
        "offset.storage.topic",
        "status.storage.topic",
        "listeners",
        "rest.advertised.host.name",
    ],
)
def test_what_differs_between_stages_is_no_literal(key: str):
    assert "${env:" in PROPERTIES[key]


def test_no_value_holds_an_address_or_a_stage():
    literals = re.sub(r"\$\{env:\w+\}", "", "\n".join(PROPERTIES.values()))
    assert not re.search(r"\d+\.\d+\.\d+\.\d+|:909\d|wms|\b(main|val|production)\b", literals)


def test_worker_producers_and_consumers_prove_themselves_in_the_same_way():
    blocks = [
        {
            key.removeprefix(prefix): value
            for key, value in PROPERTIES.items()
            if re.match(rf"{re.escape(prefix)}(security|sasl|ssl)\.", key)
        }
        for prefix in ("", "producer.", "consumer.")
    ]
    assert len(blocks[0]) == 6
    assert blocks[0] == blocks[1] == blocks[2]


@pytest.mark.parametrize("prefix", ["", "producer.", "consumer.", "admin."])
def test_every_client_of_the_worker_waits_before_it_connects_again(prefix: str):
    """MSK refuses more than 4 new connections with IAM a second on its smallest brokers.

    Kind: reconnect back-off for IAM.
    """
    assert int(PROPERTIES[f"{prefix}reconnect.backoff.ms"]) == RECONNECT_BACKOFF_MS >= 1000
    assert int(PROPERTIES[f"{prefix}reconnect.backoff.max.ms"]) == RECONNECT_BACKOFF_MAX_MS


def test_what_is_read_before_the_provider_exists_is_a_literal():
    assert PROPERTIES["plugin.path"] == "plugins"
    assert PROPERTIES["plugin.discovery"] == "service_load"


def test_the_settings_that_recovery_and_delivery_rest_on():
    assert PROPERTIES["exactly.once.source.support"] == "enabled"
    assert PROPERTIES["topic.creation.enable"] == "true"
    assert {PROPERTIES[f"{kind}.storage.replication.factor"] for kind in ("config", "offset", "status")} == {
        "-1"
    }
    assert int(PROPERTIES["scheduled.rebalance.max.delay.ms"]) == 0


def test_what_a_topic_may_be_set_to_take_the_producer_sends():
    """Its guard looks at the record before compression, the topic's limit at what comes of it."""
    (largest,) = [high for name, _, high in _RANGES if name == "max_record_mib"]
    assert int(PROPERTIES["producer.max.request.size"]) >= 2 * largest * 1024 * 1024
