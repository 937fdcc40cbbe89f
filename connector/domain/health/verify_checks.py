"""The checks of `verify` and `status` that the health check does not make, each named. Pure.

The health check ignores what an operator has done, a deployment in progress, and a config or a secret that a
launch would change. `verify` reports them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connector.domain.health.alarm import LEAST_CERTIFICATE_DAYS, RUNBOOK
from connector.domain.health.at_rest import halted_by
from connector.domain.health.check_result import launch
from connector.domain.health.finding import Finding
from connector.domain.health.halt import HaltedBy
from connector.domain.health.moments import moment
from connector.domain.health.observation import Observation
from connector.domain.health.polled_source import LAG, SOURCE, PolledSource, polled_checks
from connector.domain.health.refused import rotate_again
from connector.domain.health.state import HealthState
from connector.domain.network.endpoints import Reached
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.stage import Stage
from connector.domain.stage.topic_plan import TopicPlan

PAUSED, ROLLOUT, CONFIG, SECRETS = "paused", "deployment", "config", "secrets"
TOPICS, RECORD, INCIDENT = "topics", "stage record", "incident"
ENDPOINTS, CERTIFICATE = "endpoints", "certificate"
#: Every check of this module: `verify` finds what the health check finds, and these.
NAMES = (
    *(PAUSED, ROLLOUT, CONFIG, SECRETS, TOPICS, RECORD, INCIDENT, ENDPOINTS, CERTIFICATE),
    *(SOURCE, LAG),
)

_DAY = 24 * 3600
_GUARDED = "docs/topics.md#changes-that-cannot-be-undone"
_PREREQUISITES = "docs/stages.md#vpc-endpoints"


@dataclass(frozen=True)
class Setup:
    """What a launch would register and create now, compared with what exists.

    `errors`: why "topics", "config", "polled", "endpoints" or "certificate" could not be checked. What was
    not read is None.
    """

    topics: TopicPlan | None = None
    #: Hash of the connector config that secrets and settings make now; empty where that is not known.
    wanted_config_hash: str = ""
    #: Whether the config that Connect has is another one.
    config_differs: bool | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    #: AWS's endpoints that the stage needs, as the admin function reached them.
    endpoints: Sequence[Reached] | None = None
    #: When the load balancer's certificate expires, in seconds since 1970; None without a load balancer.
    certificate_expiry: float | None = None
    #: Why no client accepts that certificate; empty when one does.
    certificate_error: str = ""
    #: The keys in which Connect's config is another one.
    changed_keys: Sequence[str] = ()
    #: `connector.state` of the stage's config.
    declared_state: str = "running"
    #: What was seen of the source of the kind `jdbc`; None of the other kind, and while it does not run.
    polled: PolledSource | None = None
    #: What became of the newest snapshot, as notifications tell it; empty if that is not known.
    last_snapshot: str = ""


def verify_checks(seen: Observation, setup: Setup, stage: Stage, now: float) -> list[Finding]:
    """What `verify` checks besides the health check's findings."""
    return [
        *_paused(seen, setup, stage),
        *_rollout(seen),
        *_config(setup, stage),
        *_secrets(seen, stage),
        *_topics(seen, setup, stage),
        *_record(seen, setup, stage),
        *_incident(seen),
        *_endpoints(setup),
        *_certificate(setup, now),
        *_polled(seen, setup, now),
    ]


def _polled(seen: Observation, setup: Setup, now: float) -> list[Finding]:
    in_flight = None if seen.source is None else seen.source.in_flight
    return polled_checks(setup.polled, setup.errors.get("polled", ""), in_flight, now)


def _bad(name: str, reason: str, next_step: str) -> Finding:
    return Finding(name, ok=False, reason=reason, next_step=next_step)


def _good(name: str, summary: str) -> Finding:
    return Finding.passed(name, summary, value=None)


def _paused(seen: Observation, setup: Setup, stage: Stage) -> list[Finding]:
    by = halted_by(seen.connector, seen.halt)
    if seen.connector is None or by is HaltedBy.LOGIN:
        # After a refused login the health check's own finding says so.
        return []
    if by is None:
        if setup.declared_state == "running":
            return []
        reason = f"{CONNECTOR} is {seen.connector.state}, and connector.state is {setup.declared_state}"
        return [
            _bad(PAUSED, reason, f"{launch(stage)}, or change connector.state in the stage's config.yaml")
        ]
    reason = f"{CONNECTOR} is {seen.connector.state}: {seen.halt.describe()}"
    if by is HaltedBy.DECLARED and setup.declared_state != "running":
        return [_good(PAUSED, reason)]
    if seen.maintenance.halts(seen.halt):
        ends = f"the maintenance window that resumes it ends {moment(seen.maintenance.until)}"
        return [_bad(PAUSED, f"{reason}; {ends}", f"wait, or wms-connector maintenance end {stage.name}")]
    # Resuming ends an operator's halt only: the next launch would make what is declared.
    step = f"wms-connector resume {stage.name}" if setup.declared_state == "running" else launch(stage)
    return [_bad(PAUSED, reason, step)]


def _rollout(seen: Observation) -> list[Finding]:
    if seen.service is None or not seen.service.rolling_out:
        return []
    reason = f"the deployment is {seen.service.rollout or 'in an unknown state'}"
    return [_bad(ROLLOUT, reason, "wait until the deployment has ended, then run verify again")]


def _config(setup: Setup, stage: Stage) -> list[Finding]:
    if "config" in setup.errors:
        return [Finding.unsure(CONFIG, setup.errors["config"])]
    if setup.config_differs is None:
        return []
    if setup.config_differs:
        keys = f" in {', '.join(setup.changed_keys)}" if setup.changed_keys else ""
        reason = f"the connector's config differs{keys} from what secrets and settings give now"
        return [_bad(CONFIG, reason, launch(stage))]
    return [_good(CONFIG, "matches secrets and settings")]


def _secrets(seen: Observation, stage: Stage) -> list[Finding]:
    changed, versions, rotation = seen.secrets_changed, seen.secret_versions, seen.rotation
    if rotation.under_way:
        return [_bad(SECRETS, rotation.describe(), "wait until it has ended, then run verify again")]
    if changed:
        failed = {path: rotation.reason for path, version in rotation.failed if versions.get(path) == version}
        return [
            _bad(
                SECRETS,
                _newer(path, failed.get(path)),
                rotate_again(stage) if path in failed else f"wms-connector rotate {stage.name}",
            )
            for path in changed
        ]
    if not versions:
        return []
    if _never_registered(seen):
        return [_good(SECRETS, f"{len(versions)} secrets; no connector of this stage has used them yet")]
    return [_good(SECRETS, f"{len(versions)} secrets, none newer than those that the connector uses")]


def _newer(path: str, failure: str | None) -> str:
    """A secret that the workers do not have, and why if that is known."""
    newer = f"secret {path} has a newer version than the connector uses"
    return newer if failure is None else f"{newer}, and it is not tried again: {failure}"


def _never_registered(seen: Observation) -> bool:
    """Whether the stage is known to have no record: what is there may be somebody else's."""
    return seen.record is None and not {"record", "table"} & set(seen.probe_errors)


def _topics(seen: Observation, setup: Setup, stage: Stage) -> list[Finding]:
    if "topics" in setup.errors:
        return [Finding.unsure(TOPICS, setup.errors["topics"])]
    plan = setup.topics
    if plan is None:
        return []
    wrong = [
        *(_bad(TOPICS, f"topic {spec.name} does not exist", launch(stage)) for spec in plan.create),
        *(_bad(TOPICS, f"topic {topic} {how}", launch(stage)) for topic, how in plan.different.items()),
        *(_bad(TOPICS, text, "read docs/topics.md before you delete anything") for text in plan.wrong),
        *(_surplus(topic, have, wanted) for topic, (have, wanted) in plan.surplus.items()),
    ]
    whose = "; another stage's, if it uses this cluster: this one was never registered"
    text = f"{len(plan.as_wanted)} of {len(plan.wanted)} as wanted"
    return wrong or [_good(TOPICS, text + (whose if _never_registered(seen) else ""))]


def _surplus(topic: str, have: int, wanted: int) -> Finding:
    """Config and topic disagree for good: only the config can be changed."""
    reason = f"topic {topic} has {have} partitions, and {wanted} are configured"
    step = f"set connector.data_partitions to {have} in the stage's config.yaml; see {_GUARDED}"
    return _bad(TOPICS, reason, step)


def _record(seen: Observation, setup: Setup, stage: Stage) -> list[Finding]:
    record, again = seen.record, launch(stage)
    if "record" in seen.probe_errors:
        return [Finding.unsure(RECORD, seen.probe_errors["record"])]
    if record is None:
        if "table" in seen.probe_errors:
            return [Finding.unsure(RECORD, seen.probe_errors["table"])]
        return [_bad(RECORD, "the stage was never registered: it has no record", again)]
    found = []
    if record.retiring:
        finish = f"finish it with sceptre delete ephemeral/{stage.name}, or cancel it with {again}"
        found.append(_bad(RECORD, "a teardown has begun", finish))
    if setup.wanted_config_hash and record.config_hash != setup.wanted_config_hash:
        reason = "the registered config differs from what secrets and settings give now"
        found.append(_bad(RECORD, reason, again))
    return found or [_good(RECORD, f"registered on cluster {record.cluster_id}")]


def _incident(seen: Observation) -> list[Finding]:
    state = seen.health_state or HealthState()
    incident = state.incident
    if incident is not None and incident is state.worker_incident:
        waits = "its end is mailed when no worker has stopped for some time"
        return [_good(INCIDENT, f"open: {incident.title} ({state.worker.summary}); {waits}")]
    if incident is None:
        return [] if seen.health_state is None else [_good(INCIDENT, "none is open")]
    since = datetime.fromtimestamp(incident.since, UTC).strftime("%Y-%m-%d %H:%M UTC")
    section = incident.title.partition(" ")[0].lower()
    reason = f"an incident is open since {since}: {incident.title}"
    return [_bad(INCIDENT, reason, f"read its mail and {RUNBOOK}#{section}")]


def _endpoints(setup: Setup) -> list[Finding]:
    if ENDPOINTS in setup.errors:
        return [Finding.unsure(ENDPOINTS, setup.errors[ENDPOINTS])]
    if setup.endpoints is None:
        return []
    silent = [endpoint for endpoint in setup.endpoints if endpoint.reason]
    if not silent:
        return [_good(ENDPOINTS, f"{len(setup.endpoints)} of AWS's addresses accept connections")]
    step = f"give the stage's subnets NAT, or VPC endpoints with private DNS names: {_PREREQUISITES}"
    return [_bad(ENDPOINTS, endpoint.describe(), step) for endpoint in silent]


def _certificate(setup: Setup, now: float) -> list[Finding]:
    """Without a valid certificate no function reaches Connect, so nothing can be registered or checked."""
    renew = "renew the certificate, or name another one in the secret connectAlbTls and launch the stage"
    if CERTIFICATE in setup.errors:
        return [Finding.unsure(CERTIFICATE, setup.errors[CERTIFICATE])]
    if setup.certificate_error:
        return [_bad(CERTIFICATE, setup.certificate_error, renew)]
    if setup.certificate_expiry is None:
        return []
    days = int((setup.certificate_expiry - now) // _DAY)
    if days < LEAST_CERTIFICATE_DAYS:
        return [_bad(CERTIFICATE, f"the load balancer's certificate expires in {days} days", renew)]
    return [_good(CERTIFICATE, f"the load balancer's certificate expires in {days} days")]
