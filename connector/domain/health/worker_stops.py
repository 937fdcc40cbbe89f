"""Why a Connect worker did not start: its own class for each thing to look at. Pure.

A task that never started has no line in the worker's log; ECS's stop code and reason, or an event of the
service, are all that there is. Sources, in Amazon ECS's Developer Guide: "Amazon ECS stopped tasks error
messages" and its pages on CannotPullContainer, ResourceInitializationError, TaskFailedToStart and
SpotInterruption; "Viewing Amazon ECS service event messages"; "Amazon ECS service action events"; the API's
Task, `stopCode`.
"""

import re
from collections.abc import Sequence

from connector.domain.diagnosis.error_class import LAUNCH, LOGS, STATUS, ErrorClass, Owner, observed

#: ECS's stop code of a task that never started.
NOT_STARTED_CODE = "TaskFailedToStart"
#: How ECS begins the reason when a deployment or a change of the desired count stops a task. The stop code
#: does not help: tasks that fail their health checks are stopped with the same one.
SCALING = "Scaling activity initiated by"


NETWORK = observed(
    "worker-network",
    Owner.NETWORK,
    "the worker's task could not start: its network interface was not made, or AWS did not answer it",
    "check the way out of the task's subnets: NAT, or endpoints for ECR (api and dkr), S3, Secrets Manager "
    "and CloudWatch Logs, with DNS in the VPC; their security groups must allow the task's; ECS tries again "
    "by itself",
    STATUS,
)
CAPACITY = observed(
    "worker-capacity",
    Owner.PLATFORM,
    "the worker's task could not be placed: there is no capacity for it, no free address or no quota",
    "check the free addresses of the task's subnets, and the account's quota for Fargate's vCPUs; a lack of "
    "capacity at AWS passes, and ECS tries again by itself",
    STATUS,
)
IMAGE = observed(
    "worker-image",
    Owner.US,
    "the worker's task could not start: its image could not be pulled or run",
    "check that the stage's image is in the repository, with its digest and for its platform (wms-connector "
    "image status), and that the execution role may pull it; publish it, then launch",
    LAUNCH,
    edit="wms-connector image publish, if the image is missing",
)
SECRET = observed(
    "worker-secret",
    Owner.US,
    "the worker's task could not start: ECS could not read a secret for it",
    "check that the secret exists and has the key that the task definition names, that the execution role "
    "may read and decrypt it, and that the task's subnets reach Secrets Manager; then launch",
    LAUNCH,
    edit="the secret that ECS's reason names",
)
LOG_GROUP = observed(
    "worker-log-group",
    Owner.US,
    "the worker's task could not start: it could not open its log stream",
    "check that the worker's log group exists, which the alerts stack makes, and that the task's subnets "
    "reach CloudWatch Logs; then launch",
    LAUNCH,
)
ROLE = observed(
    "worker-role",
    Owner.PLATFORM,
    "the worker's task could not start: ECS may not use one of its roles",
    "check that both roles of the task exist, that ecs-tasks.amazonaws.com may assume them and that their "
    "permissions boundary exists; then launch",
    LAUNCH,
    edit="the role, or the secret iam/permissionsBoundary",
)
THROTTLED = observed(
    "worker-throttled",
    Owner.PLATFORM,
    "the worker's task could not start: AWS refused a call, because there were too many at once",
    "nothing, if it ends by itself: ECS tries again; else ask the account's owners for a larger quota of the "
    "API that the message names",
    STATUS,
)
VOLUME = observed(
    "worker-volume",
    Owner.US,
    "the worker's task could not start: a volume or a file system was not mounted",
    "the templates mount no file system of EFS: find out who changed the task definition, then launch",
    LAUNCH,
)
NOT_STARTED = observed(
    "worker-not-started",
    Owner.US,
    "the worker's task never started, for a reason that no class describes",
    "look up ECS's reason in its page 'stopped tasks error messages'; check secrets, image, subnets and "
    "quota in this order",
    STATUS,
)
RECLAIMED = observed(
    "worker-reclaimed",
    Owner.PLATFORM,
    "AWS stopped the worker's task itself, to maintain what it ran on or to take the capacity back",
    "nothing, if a new worker runs: ECS starts it by itself; else look at why it does not start",
    STATUS,
)
DEPLOYMENT = observed(
    "worker-deployment",
    Owner.US,
    "a deployment of the worker failed, and ECS goes back to the version before",
    "find out why the new workers stopped: in their log, or in ECS's reason if they never started; correct "
    "it or take the change back, then launch",
    LOGS,
)
UNREADABLE = observed(
    "worker-event",
    Owner.US,
    "ECS sent an event about the worker in a form that this version does not know",
    "read the event in the mail and look at the service's events in ECS; then report it to the "
    "maintainers: the health check does not know it yet",
    STATUS,
)

#: Of tasks that never started.
START_CLASSES = (NETWORK, CAPACITY, IMAGE, SECRET, LOG_GROUP, ROLE, THROTTLED, VOLUME, NOT_STARTED)
CLASSES = (*START_CLASSES, RECLAIMED, DEPLOYMENT, UNREADABLE)


def _pattern(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


#: ECS's prefix that names two things, of which only one has failed; what follows says which.
_BOTH = re.compile(r"unable to pull secrets or registry auth:?", re.IGNORECASE)

#: What ECS's words speak of; the first that matches is taken. What cannot be reached or placed comes before
#: what was asked for there: a secret that times out is not a wrong secret.
_SPEAKS_OF = (
    (THROTTLED, _pattern(r"Throttl|Rate exceeded|RequestLimitExceeded|TooManyRequestsException")),
    (
        CAPACITY,
        _pattern(
            r"capacity (?:is )?(?:un|not )available|RESOURCE:\w+|unable to place a task",
            r"(?:insufficient|not (?:have )?enough) free (?:ip )?addresses|InsufficientFreeAddresses",
            r"reached the limit on the number of|concurrent(?:ly)? .*limit|vCPU.* limit|LimitExceeded",
            r"NetworkInterfaceLimit|SpotInterruption|currently blocked",
        ),
    ),
    (
        ROLE,
        _pattern(
            r"unable to assume|assume the (?:service linked )?role",
            r"(?:task|execution) ?role .*(?: not |\bcannot\b)",
        ),
    ),
    (
        NETWORK,
        _pattern(
            r"network (?:interface|configuration|connectivity)|connection issue|\bENI\b",
            r"i/o timeout|timed? ?out|deadline exceeded|context canceled|RequestCanceled|request canceled",
            r"no such host|dial (?:tcp|udp)|connection (?:refused|reset)|network is unreachable|no route to",
            r"send request failed|TLS handshake|x509|\bproxyconnect\b|signal: killed",
        ),
    ),
    (
        LOG_GROUP,
        _pattern(r"logger args|logging driver|log driver|log ?stream|log ?group|cloudwatch ?logs?|awslogs"),
    ),
    (
        VOLUME,
        _pattern(r"\bEFS\b|elastic file|CannotCreateVolume|mount(?:ing)? .*(?:volume|file)|file system"),
    ),
    (SECRET, _pattern(r"secret|\basm\b|\bssm\b|parameter store|json key|\bkms\b|decrypt")),
    (
        IMAGE,
        _pattern(
            r"CannotPull|registry|\becr\b|\bimage\b|manifest|\bpull\b|repository|toomanyrequests",
            r"exec format|exec: |executable file|no such file or directory|permission denied",
        ),
    ),
)

#: How the reason of a task that never started begins, where ECS gives no stop code.
_NEVER_STARTED = _pattern(
    r"^(?:\w+: )?(?:ResourceInitializationError|Cannot(?:Pull|Create|Start)\w+|Timeout waiting for network)",
    r"^(?:Capacity is unavailable|RESOURCE:|ECS was unable to assume|unexpected EC2 error)",
    r"unable to (?:place a task|consistently start tasks)",
)


def never_started(stop_code: str, reason: str) -> bool:
    """Whether a task stopped before its container ran, so that its log has no line."""
    if stop_code:
        return stop_code == NOT_STARTED_CODE
    return _NEVER_STARTED.search(reason.strip()) is not None


def worker_stop(stop_code: str, reason: str) -> ErrorClass | None:
    """The class of a task that never started; None for one that ran, whose log has the reason.

    `stop_code` is ECS's, empty where it gave none; `reason` holds ECS's `stoppedReason` and the containers'.
    """
    return spoken_of(reason) if never_started(stop_code, reason) else None


def spoken_of(reason: str) -> ErrorClass:
    """The class of the words with which ECS says why a task does not start."""
    rest = _BOTH.sub("", reason)
    found = next((cause for cause, pattern in _SPEAKS_OF if pattern.search(rest)), None)
    if found is not None:
        return found
    return SECRET if _BOTH.search(reason) else NOT_STARTED


#: The stop codes and reasons with which AWS takes a task away that runs: "Amazon ECS Developer Guide", pages
#: "Task retirement and maintenance" and "Amazon ECS stopped tasks error messages".
_RECLAIMED = _pattern(
    r"\b(?:TerminationNotice|SpotInterruption)\b|performing maintenance on the underlying",
    r"task retirement|(?:instance|host) .*(?:retire|terminat)",
)


def reclaimed(stop_code: str, reason: str) -> bool:
    """Whether AWS took a task away that ran."""
    return _RECLAIMED.search(f"{stop_code} {reason}") is not None


def planned(reason: str) -> bool:
    """Whether a deployment or a change of the desired count stopped a task."""
    return reason.lstrip().startswith(SCALING)


#: Events of a service that say why it has too few tasks, and the one before which all is well.
_TROUBLE = _pattern(r"unable to place a task|unable to consistently start tasks|capacity is unavailable")
_WELL = _pattern(r"has reached a steady state|has started \d+ tasks")


def trouble(events: Sequence[str]) -> str:
    """The newest of a service's events that says why no task starts; empty without one.

    `events` come newest first. What was before ECS started a task is over.
    """
    for event in events:
        if _TROUBLE.search(event):
            return event
        if _WELL.search(event):
            return ""
    return ""
