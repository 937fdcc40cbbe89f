"""The evaluator against the cases of AWS's own documentation, and against rules that hold for any policy."""

import fnmatch
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.iam.evaluator import Decision, IamRequest, ResourcePolicy, UnsupportedPolicy, decide

ROLE = "arn:aws:iam::123456789012:role/team/worker"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
ROOT = "arn:aws:iam::123456789012:root"


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any = "sqs:SendMessage", resource: Any = QUEUE, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "sqs:SendMessage", resource: Any = QUEUE, **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def ask(action: str = "sqs:SendMessage", resource: str = QUEUE, **context: Any) -> IamRequest:
    return IamRequest(action, resource, context, ROLE)


def allowed(statement: Mapping[str, Any], request: IamRequest) -> bool:
    return decide(request, [policy(statement)]) is Decision.ALLOWED


# "Policy evaluation logic": what one policy says.
def test_nothing_is_allowed_by_default():
    assert decide(ask()) is Decision.IMPLICITLY_DENIED
    assert decide(ask(), [policy(allow("sqs:ReceiveMessage"))]) is Decision.IMPLICITLY_DENIED


def test_an_explicit_deny_of_any_policy_wins():
    assert decide(ask(), [policy(allow()), policy(deny("sqs:*", "*"))]) is Decision.EXPLICITLY_DENIED


def test_a_boundary_limits_and_gives_nothing():
    wide = policy(allow("sqs:*", "*"))
    assert decide(ask(), [wide], boundary=policy(allow("s3:*", "*"))) is Decision.IMPLICITLY_DENIED
    assert decide(ask(), [], boundary=wide) is Decision.IMPLICITLY_DENIED
    assert decide(ask(), [policy(allow())], boundary=wide) is Decision.ALLOWED
    assert decide(ask(), [wide], boundary=policy(allow("*", "*"), deny())) is Decision.EXPLICITLY_DENIED


# "Policy evaluation for requests within a single account", "Key policies in AWS KMS".
@pytest.mark.parametrize(
    ("principal", "required", "with_identity", "alone"),
    [
        ({"AWS": ROLE}, False, True, True),
        ({"AWS": ROLE}, True, True, True),
        ({"AWS": ROOT}, True, True, False),
        ({"AWS": "123456789012"}, True, True, False),
        ({"AWS": ROOT}, False, True, False),
        ({"AWS": "arn:aws:iam::210987654321:root"}, True, False, False),
        ({"AWS": "arn:aws:iam::210987654321:root"}, False, True, False),
        ({"Service": ["sns.amazonaws.com"]}, True, False, False),
        ("*", False, True, True),
        ({"AWS": "*"}, True, True, True),
    ],
)
def test_a_resource_policy_allows_or_leaves_it_to_iam(
    principal: Any, required: bool, with_identity: bool, alone: bool
):
    own = ResourcePolicy(policy(allow(Principal=principal)), required=required)
    assert (decide(ask(), [policy(allow())], resource_policy=own) is Decision.ALLOWED) == with_identity
    assert (decide(ask(), [], resource_policy=own) is Decision.ALLOWED) == alone


def test_a_service_is_named_as_itself():
    own = ResourcePolicy(policy(allow(Principal={"Service": "events.amazonaws.com"})))
    for service, expected in {"events.amazonaws.com": True, "sns.amazonaws.com": False}.items():
        request = IamRequest("sqs:SendMessage", QUEUE, principal=service)
        assert (decide(request, resource_policy=own) is Decision.ALLOWED) == expected


def test_a_resource_policys_deny_wins_and_a_boundary_limits_what_it_grants_to_a_role():
    grant = ResourcePolicy(policy(allow(Principal={"AWS": ROLE})))
    assert decide(ask(), [], boundary=policy(allow("s3:*", "*")), resource_policy=grant) is (
        Decision.IMPLICITLY_DENIED
    )
    refusal = ResourcePolicy(policy(deny(Principal="*")))
    assert decide(ask(), [policy(allow())], resource_policy=refusal) is Decision.EXPLICITLY_DENIED


# "IAM JSON policy elements: Action", "NotAction", "Resource", "NotResource".
@pytest.mark.parametrize(
    ("statement", "request_", "expected"),
    [
        (allow("SQS:sendmessage"), ask(), True),
        (allow("sqs:Send*"), ask(), True),
        (allow("sqs:Send?essage"), ask(), True),
        (allow("iam:*AccessKey*", "*"), ask("iam:UpdateAccessKey", ROLE), True),
        (allow(["s3:*", "*"]), ask(), True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, ask(), True),
        ({"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"}, ask(), False),
        ({"Effect": "Allow", "Action": "*", "NotResource": [QUEUE]}, ask(), False),
        ({"Effect": "Allow", "Action": "*", "NotResource": [QUEUE]}, ask(resource=QUEUE + "2"), True),
        (allow(resource=QUEUE[:-1] + "Q"), ask(), False),
        (allow(resource="arn:aws:sqs:*:123456789012:*"), ask(), True),
        (allow(resource="arn:aws:sqs:us-east-?:123456789012:q"), ask(), True),
        (allow(resource="arn:aws:sqs:*:999999999999:*"), ask(), False),
        # "An asterisk can expand to ... a forward slash."
        (allow("iam:*", "arn:aws:iam::123456789012:role/*"), ask("iam:GetRole", ROLE), True),
        # "If the * wildcard is the last character of a resource ARN segment, it can expand to match beyond
        # the colon boundaries."
        (allow(resource="arn:aws:sqs:*"), ask(), True),
        (allow(resource="arn:aws:sqs:us-*:*"), ask(), True),
        (allow(resource="arn:aws:sqs:*t-1:123456789012:q"), ask(), True),
        # Elsewhere it stays within its segment: here it would have to cover region and account.
        (allow(resource="arn:aws:sqs:u*2:q*"), ask(), False),
        # A call that names no resource.
        (allow("ecr:GetAuthorizationToken", "*"), ask("ecr:GetAuthorizationToken", "*"), True),
        (allow("ecr:*", "arn:aws:ecr:*:*:*"), ask("ecr:GetAuthorizationToken", "*"), False),
    ],
)
def test_actions_and_resources(statement: Mapping[str, Any], request_: IamRequest, expected: bool):
    assert allowed(statement, request_) == expected


# "Condition operators", with "IfExists" and "Null"; "Multivalued context keys".
CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"StringEquals": {"aws:PrincipalTag/job": "iamuser-admin"}}, {"aws:PrincipalTag/job": "x"}, False),
    ({"StringEquals": {"AWS:username": ["john", "jane"]}}, {"aws:UserName": "jane"}, True),
    ({"StringEquals": {"aws:username": "john"}}, {"aws:username": "John"}, False),
    ({"StringEqualsIgnoreCase": {"aws:username": "john"}}, {"aws:username": "John"}, True),
    ({"StringEquals": {"aws:username": "jo*"}}, {"aws:username": "john"}, False),
    ({"StringLike": {"s3:prefix": ["", "home/", "home/*"]}}, {"s3:prefix": "home/a/b"}, True),
    ({"StringNotEquals": {"k:a": ["x", "y"]}}, {"k:a": "y"}, False),
    ({"StringNotEquals": {"k:a": ["x", "y"]}}, {"k:a": "z"}, True),
    ({"StringNotLike": {"k:a": "x*"}}, {}, True),
    ({"StringEquals": {"k:a": "x"}}, {}, False),
    ({"StringEqualsIfExists": {"k:a": "x"}}, {}, True),
    ({"StringEqualsIfExists": {"k:a": "x"}}, {"k:a": "y"}, False),
    ({"Null": {"aws:TokenIssueTime": "true"}}, {}, True),
    ({"Null": {"aws:TokenIssueTime": "false"}}, {}, False),
    ({"Null": {"aws:TokenIssueTime": "false"}}, {"aws:TokenIssueTime": "2026"}, True),
    ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "false"}, True),
    ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
    ({"NumericLessThanEquals": {"s3:max-keys": 10}}, {"s3:max-keys": "10"}, True),
    ({"NumericGreaterThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, False),
    ({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:123456789012:t*"}}, {"aws:SourceArn": QUEUE}, False),
    ({"ArnLike": {"aws:SourceArn": "arn:aws:sqs:*:*:q"}}, {"aws:SourceArn": QUEUE}, True),
    # "Each of the six colon-delimited components of the ARN is checked separately."
    ({"ArnLike": {"aws:SourceArn": "arn:aws:sqs:*"}}, {"aws:SourceArn": QUEUE}, False),
    ({"ArnNotEquals": {"aws:SourceArn": "arn:aws:sqs:*:*:q"}}, {"aws:SourceArn": QUEUE}, False),
    # All of several operators and keys.
    ({"StringEquals": {"k:a": "x", "k:b": "y"}}, {"k:a": "x"}, False),
    ({"StringEquals": {"k:a": "x"}, "Bool": {"k:b": "true"}}, {"k:a": "x", "k:b": "true"}, True),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ("a",)}, True),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ("a", "c")}, False),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {}, True),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ("a", "c")}, True),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {}, False),
    ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ("a", "b")}, False),
    ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ("b", "a")}, False),
    # "Variables and tags".
    ({"StringEquals": {"k:a": "${aws:PrincipalTag/team}"}}, {"k:a": "x", "aws:principaltag/team": "x"}, True),
    ({"StringEquals": {"k:a": "${aws:PrincipalTag/team, 'company-wide'}"}}, {"k:a": "company-wide"}, True),
    ({"StringLike": {"k:a": "a${*}"}}, {"k:a": "ab"}, False),
    ({"StringLike": {"k:a": "a${*}"}}, {"k:a": "a*"}, True),
    # A value's wildcards are not the policy's.
    ({"StringLike": {"k:a": "${aws:username}"}}, {"k:a": "ab", "aws:username": "a*"}, False),
]


@pytest.mark.parametrize(("condition", "context", "expected"), CONDITIONS)
def test_conditions(condition: Mapping[str, Any], context: Mapping[str, Any], expected: bool):
    assert allowed(allow(Condition=condition), ask(**context)) == expected


def test_a_variable_in_a_resource_stands_for_the_requests_value_only():
    statement = allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*")
    for user, key, expected in (("ann", "ann/x", True), ("ann", "bob/x", False), ("*", "bob/x", False)):
        request = ask("s3:GetObject", f"arn:aws:s3:::b/{key}", **{"aws:username": user})
        assert allowed(statement, request) == expected


@pytest.mark.parametrize(
    "document",
    [
        policy(allow(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})),
        policy(allow(Condition={"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})),
        policy(allow(Condition={"ForSomeValues:StringEquals": {"k:a": "x"}})),
        policy(allow(Condition={"NullIfExists": {"k:a": "true"}})),
        policy(allow(Condition={"Bool": {"k:a": "yes"}})),
        policy(allow(Condition={"StringEquals": {"k:a": []}})),
        policy(allow(Sidd="x")),
        policy(allow(Effect="allow")),
        policy(allow(NotAction="s3:*")),
        policy(allow(NotResource="*")),
        policy(allow(Principal="*")),
        policy(allow(resource=[])),
        policy(allow(resource="q")),
        policy(allow(resource="arn:aws:sqs:us-east-1")),
        policy(allow(resource="arn:aws:sqs:us*:q")),
        policy(allow(action="SendMessage")),
        policy(allow(action="s*:SendMessage")),
        policy({"Effect": "Allow", "Action": "sqs:*"}),
        policy(allow(resource="arn:aws:sqs:us-east-1:123456789012:${aws:username}")),
        {"Version": "2008-10-17", "Statement": [allow()]},
        {"Statement": [allow()]},
        {**policy(allow()), "Condition": {}},
    ],
)
def test_what_is_not_known_is_never_passed_over(document: Mapping[str, Any]):
    with pytest.raises(UnsupportedPolicy):
        decide(ask(), [document])


@pytest.mark.parametrize("principal", ["arn:aws:iam::123456789012:root", {"Federated": "x"}, {"AWS": 1}])
def test_an_unknown_principal_is_never_passed_over(principal: Any):
    with pytest.raises(UnsupportedPolicy):
        decide(ask(), resource_policy=ResourcePolicy(policy(allow(Principal=principal))))


def test_an_unknown_operator_does_not_hide_behind_another_action():
    with pytest.raises(UnsupportedPolicy):
        decide(ask(), [policy(allow("s3:GetObject", "*", Condition={"Hope": {"k:a": "x"}}))])


@pytest.mark.parametrize("resource", ["q", "", "arn:aws:sqs:us-east-1"])
def test_a_request_names_a_whole_resource(resource: str):
    with pytest.raises(ValueError, match="neither an ARN nor"):
        IamRequest("sqs:SendMessage", resource)


def test_a_key_of_several_values_needs_a_set_operator():
    with pytest.raises(UnsupportedPolicy, match="several values"):
        decide(
            IamRequest("sqs:SendMessage", QUEUE, {"k:a": ("x", "y")}),
            [policy(allow(Condition={"StringEquals": {"k:a": "x"}}))],
        )


# Rules for any policy.
NAMES = st.sampled_from(["a", "b", "ab", "a/b", "a*", "*", "?", "a?"])
ACTIONS = st.sampled_from(["x:Get", "x:Put", "x:*", "x:G*", "y:Get", "*"])
REQUESTS = st.builds(
    IamRequest,
    st.sampled_from(["x:Get", "x:Put", "y:Get"]),
    st.sampled_from(["a", "b", "ab", "a/b", "ba"]).map(lambda name: f"arn:aws:x:r:1:{name}"),
    st.fixed_dictionaries({}, optional={"k:a": st.sampled_from(["v", "w"])}),
)


def statement_strategy(effect: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    resource = st.one_of(st.just("*"), NAMES.map(lambda name: f"arn:aws:x:r:1:{name}"))
    condition = st.sampled_from(
        [{}, *({op: {"k:a": "v"}} for op in ("StringEquals", "StringNotEquals", "StringEqualsIfExists"))]
    )
    return st.one_of(
        *(
            st.fixed_dictionaries(
                {"Effect": effect, action: ACTIONS, which: resource, "Condition": condition}
            )
            for action in ("Action", "NotAction")
            for which in ("Resource", "NotResource")
        )
    )


ANY = st.lists(statement_strategy(st.sampled_from(["Allow", "Deny"])), max_size=5)


@given(REQUESTS, ANY, statement_strategy(st.just("Deny")))
def test_a_deny_never_allows(request_: IamRequest, statements: list[Any], more: dict[str, Any]):
    before, after = (decide(request_, [policy(*s)]) for s in (statements, [*statements, more]))
    assert before is Decision.ALLOWED or after is not Decision.ALLOWED
    # A deny that applies wins over everything, whatever stands before it.
    alone = decide(request_, [policy(more)])
    assert alone is not Decision.EXPLICITLY_DENIED or after is Decision.EXPLICITLY_DENIED


@given(REQUESTS, ANY, statement_strategy(st.just("Allow")))
def test_an_allow_never_takes_away(request_: IamRequest, statements: list[Any], more: dict[str, Any]):
    before, after = (decide(request_, [policy(*s)]) for s in (statements, [*statements, more]))
    assert before is not Decision.ALLOWED or after is Decision.ALLOWED


@given(REQUESTS, ANY, st.randoms(use_true_random=False))
def test_order_and_division_into_policies_do_not_matter(
    request_: IamRequest, statements: list[Any], rng: Any
):
    shuffled = rng.sample(statements, len(statements))
    assert decide(request_, [policy(*statements)]) is decide(request_, [policy(s) for s in shuffled])


@given(REQUESTS, ANY, ANY)
def test_a_boundary_only_takes_away(request_: IamRequest, statements: list[Any], bounds: list[Any]):
    free = decide(request_, [policy(*statements)])
    bounded = decide(request_, [policy(*statements)], boundary=policy(*bounds))
    assert bounded is not Decision.ALLOWED or free is Decision.ALLOWED


TEXT = st.text("ab/:.[]!-", max_size=8)
PATTERN = st.text("ab/:.[]!-*?", max_size=8)


@given(PATTERN, TEXT)
def test_wildcards_are_a_shells(pattern: str, text: str):
    """Against `fnmatch`, in which `[` begins a set: it is escaped there."""
    oracle = re.compile(fnmatch.translate(pattern.replace("[", "[[]")))
    statement = allow(Condition={"StringLike": {"k:a": pattern}})
    assert allowed(statement, ask(**{"k:a": text})) == bool(oracle.match(text))
    last = allow(resource=f"arn:aws:sqs:r:1:{pattern}")
    assert allowed(last, ask(resource=f"arn:aws:sqs:r:1:{text}")) == bool(oracle.match(text))
