"""CloudFormation's reason, out of a stack's events."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sceptre.exceptions import SceptreException

from connector.operations import stack_outcome
from connector.operations.stack_outcome import failure_reason
from hooks.stack_outcome import ReportOutcome
from tests.support.aws_answers import PAGE
from tests.support.fake_aws import FakeAws, FakeStack

STACK = "wms-alarms-main"
Event = Mapping[str, str]


def of_stack(status: str, reason: str = "") -> Event:
    return event(STACK, status, reason, "AWS::CloudFormation::Stack")


def event(logical: str, status: str, reason: str = "", kind: str = "AWS::CloudWatch::Alarm") -> Event:
    return {
        "StackName": STACK,
        "LogicalResourceId": logical,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


BEGAN = of_stack("CREATE_IN_PROGRESS", "User Initiated")
#: An earlier operation that failed, newest first: what it said is of no interest any more.
EARLIER = [
    of_stack("ROLLBACK_COMPLETE"),
    event("Old", "CREATE_FAILED", "an earlier run's"),
    of_stack("CREATE_IN_PROGRESS", "User Initiated"),
]
CAUSE = event("CpuHigh", "CREATE_FAILED", "The topic does not exist.")


def failed_create(resources: int) -> list[Event]:
    """A create in which one resource fails and the others are cancelled and rolled back; newest first."""
    others = [f"Alarm{number}" for number in range(resources)]
    happened = [
        BEGAN,
        *(event(name, "CREATE_IN_PROGRESS") for name in ["CpuHigh", *others]),
        CAUSE,
        *(event(name, "CREATE_FAILED", "Resource creation cancelled") for name in others),
        of_stack("ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [CpuHigh]."),
        *(event(name, "DELETE_FAILED", "the alarm is in use by a composite alarm") for name in others[:1]),
        *(event(name, "DELETE_COMPLETE") for name in others),
        of_stack("ROLLBACK_FAILED", "The following resource(s) failed to delete: [Alarm0]."),
    ]
    return happened[::-1]


@given(st.integers(0, 60))
def test_the_first_failure_is_the_cause_however_much_the_rollback_adds(resources: int):
    assert failure_reason([*failed_create(resources), *EARLIER]) == "CpuHigh: The topic does not exist"


@pytest.mark.parametrize("resources", [1, 9])
def test_the_cause_is_found_on_a_later_page_and_nothing_beyond_the_operation_is_read(resources: int):
    happened = failed_create(resources)
    aws = FakeAws(events=[dict(e) for e in (*happened, *EARLIER * 20)])
    aws.stacks[STACK] = {"StackStatus": "ROLLBACK_COMPLETE"}
    with pytest.raises(SceptreException, match="CpuHigh: The topic does not exist"):
        ReportOutcome(None, FakeStack("main/alarms", STACK, aws)).run()
    assert len(happened) > PAGE, "one page would do"
    assert aws.calls.count(("cloudformation", "describe_stack_events")) == -(-len(happened) // PAGE)


def test_events_without_a_beginning_are_not_read_for_ever():
    """A stack that was changed often has thousands of events."""
    aws = FakeAws(events=[dict(event("A", "UPDATE_FAILED", f"reason {n}")) for n in range(PAGE * 100)])
    read = list(stack_outcome._events(aws, STACK))
    assert len(read) == stack_outcome._MOST_PAGES * PAGE


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([], "CloudFormation gives no reason"),
        ([of_stack("ROLLBACK_IN_PROGRESS")], "CloudFormation gives no reason"),
        ([event("A", "CREATE_FAILED")], "A: no reason given"),
        # No resource failed: a time limit, or somebody cancelled the update.
        ([of_stack("ROLLBACK_IN_PROGRESS", "Stack creation timed out.")], "Stack creation timed out"),
        (
            [
                of_stack("UPDATE_ROLLBACK_COMPLETE"),
                event("A", "UPDATE_FAILED", "Resource update cancelled"),
                of_stack("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"),
            ],
            "User Initiated",
        ),
        # A service's own text may hold the word that CloudFormation uses for resources that it stops.
        ([event("A", "CREATE_FAILED", "The order was cancelled")], "A: The order was cancelled"),
        # A stack in a stack is a resource like any other.
        ([event("Nested", "CREATE_FAILED", "no", "AWS::CloudFormation::Stack")], "Nested: no"),
    ],
)
def test_what_is_told_where_no_resource_says_it(events: Sequence[Event], reason: str):
    assert failure_reason([*events, BEGAN, *EARLIER]) == reason


@given(st.text(), st.sampled_from(["CREATE_FAILED", "UPDATE_FAILED"]))
def test_the_reason_is_one_line_whatever_a_service_says(text: str, status: str):
    def events() -> Iterator[Event]:
        yield event("Group", status, text)
        yield BEGAN

    assert "\n" not in failure_reason(events())


def test_a_name_that_is_taken_is_told_with_the_section_that_leads_out():
    taken = "Resource of type 'AWS::Logs::LogGroup' with identifier '/aws/x' already exists."
    aws = FakeAws(events=[dict(event("LogGroup", "CREATE_FAILED", taken)), dict(BEGAN)])
    aws.stacks[STACK] = {"StackStatus": "ROLLBACK_COMPLETE"}
    with pytest.raises(SceptreException, match="/aws/x' already exists. .*'When a stack was deleted"):
        ReportOutcome(None, FakeStack("main/alarms", STACK, aws)).run()
