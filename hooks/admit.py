"""`!wms_admit`: before anything of a stage is touched, look at all that can be wrong beforehand."""

import threading

from sceptre.hooks import Hook

from connector import sceptre_glue as glue
from connector.domain import secrets
from connector.domain.brokers import KafkaAuth, choose_auth, parse_brokers
from connector.domain.secret_shapes import check_shape
from connector.stage_settings import refuse_unknown

_REQUIRED = (
    secrets.VPC,
    secrets.IAM_PATH,
    secrets.IAM_BOUNDARY,
    secrets.BROKER_STRING,
    secrets.DB_INFO,
    secrets.ALERT_EMAILS,
)

#: Stages admitted in this process: every stack of a stage asks, the first answer holds for the run.
_admitted: set[tuple[str, str]] = set()
_lock = threading.Lock()


class AdmitStage(Hook):  # type: ignore[misc]
    """Refuse a stage that the rule refuses, that lacks the foundation, or whose secrets are no good."""

    def run(self) -> None:
        if glue.is_foundation(self.stack):
            return
        with glue.one_line_errors(self.stack.name), _lock:
            key = (glue.group_of(self.stack), str(self.stack.region))
            if key not in _admitted:
                admit(self.stack)
                _admitted.add(key)


def admit(stack: glue.SceptreStack) -> None:
    """Raise the first thing that would make this launch fail, while nothing has been changed."""
    stage = glue.stage_of(stack)
    refuse_unknown(stack.stack_group_config)
    connection = stack.connection_manager
    glue.foundation_outputs(connection)
    fetch = glue.SECRETS.fetcher(connection)
    prefix = glue.secret_prefix(stack)
    for name in _REQUIRED:
        check_shape(name, secrets.require_secret(prefix, stage, name, fetch))
    brokers = parse_brokers(secrets.require_secret(prefix, stage, secrets.BROKER_STRING, fetch))
    auth = choose_auth(stack.stack_group_config.get("kafka_auth") or None, brokers)
    if auth is KafkaAuth.SCRAM:
        credentials = secrets.require_secret(prefix, stage, secrets.KAFKA_CREDENTIALS, fetch)
        check_shape(secrets.KAFKA_CREDENTIALS, credentials)
