"""The environment that a task definition gives the Connect worker."""

from connector.domain.secrets.brokers import KafkaAuth, worker_environment


def task_environment(auth: KafkaAuth = KafkaAuth.PLAINTEXT, **changes: str) -> dict[str, str]:
    """All variables of the contract between task definition and image, with made-up values."""
    return {
        "CONNECT_GROUP_ID": "mgmt.connect.wms-connector-main",
        "CONNECT_CONFIG_TOPIC": "mgmt.connect.wms-connector-main.config",
        "CONNECT_OFFSETS_TOPIC": "mgmt.connect.wms-connector-main.offsets",
        "CONNECT_STATUS_TOPIC": "mgmt.connect.wms-connector-main.status",
        **worker_environment(auth),
        "KAFKA_BOOTSTRAP_SERVERS": "b-1.bigmac.example:9092,b-2.bigmac.example:9092",
        "KAFKA_USERNAME": "unused",
        "KAFKA_PASSWORD": "unused",
        "KAFKA_CERTIFICATE_AUTHORITY": "unused",
        "DATABASE_USER": "wms",
        "DATABASE_PASSWORD": "Tr0ub4dor",
        **changes,
    }
