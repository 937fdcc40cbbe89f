"""CloudFormation's reason, out of a stack's events."""

from connector.operations.stack_outcome import failure_reason


def test_no_reason_is_said_to_be_none():
    assert failure_reason([]) == "CloudFormation gives no reason"
