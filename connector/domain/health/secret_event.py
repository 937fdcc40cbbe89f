"""An event that tells of a changed secret: it only says that it is time to look. Pure.

CloudTrail delivers it through EventBridge, where a trail logs management events: source `aws.secretsmanager`,
detail type `AWS API Call via CloudTrail` (EventBridge User Guide, "AWS service events delivered via AWS
CloudTrail"). Which secret it was, and what is current now, is read from Secrets Manager.
"""

from collections.abc import Mapping

_SOURCE = "aws.secretsmanager"


def is_secret_event(event: object) -> bool:
    """Whether a function was started because a secret changed."""
    return isinstance(event, Mapping) and event.get("source") == _SOURCE
