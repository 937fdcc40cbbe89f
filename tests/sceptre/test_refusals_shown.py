"""A refused secret is told by the commands that put a placeholder in the place of a resolver's error."""

import json
import re
from typing import Any

import pytest
from sceptre.exceptions import SceptreException
from sceptre.resolvers.placeholders import use_resolver_placeholders_on_error

from connector.sceptre import stack as sceptre_stack
from hooks import admit
from resolvers import subnet_cidrs, worker_image
from tests.config.support import ROOT, stacks
from tests.support.fake_aws import GOOD_SECRETS, FakeAws, FakeStack

MIXED = "hidden-1.x:9098,hidden-2.x:9094"
DB_INFO = json.loads(GOOD_SECRETS["dbInfo"])
#: The secret, what it holds, what a launch says of it.
REFUSED: list[tuple[str, Any, str]] = [
    ("brokerString", MIXED, "mixes the ports 9094, 9098, .* kafka_auth"),
    ("dbInfo", {**DB_INFO, "username": "hidden\n"}, "'username' has a line break"),
    ("dbInfo", "{", "is not valid JSON"),
    ("vpc", "{}", "lacks 'id'"),
    ("iam/path", "x", "'x' is not an IAM path"),
    ("iam/permissionsBoundary", "x", "'x' is not a policy ARN"),
    ("alertEmails", "[]", "is a JSON array"),
    ("connectAlbTls", "{}", "lacks 'certificateArn'"),
]


@pytest.fixture(autouse=True)
def new_run():
    """Each test is a Sceptre run of its own."""
    sceptre_stack.SECRETS.clear()
    subnet_cidrs.forget()
    worker_image.forget()
    admit._admitted.clear()


def account(**secrets: Any) -> FakeAws:
    connection = FakeAws.ready()
    for name, value in {"brokerString": "a.x:9094", **secrets}.items():
        connection.secrets[f"wms/main/{name}"] = value if isinstance(value, str) else json.dumps(value)
    return connection


def stack_with(component: str, **secrets: Any) -> Any:
    stack = stacks("main", ROOT)[component]
    stack._connection_manager = account(**secrets)
    return stack


@pytest.mark.parametrize(
    ("component", "name", "value", "words"),
    [
        ("network", *REFUSED[0]),
        ("network", *REFUSED[1]),
        ("alerts", *REFUSED[6]),
        ("connector", "kafkaCredentials", "{}", "lacks 'username'"),
    ],
)
def test_a_template_is_refused_for_its_secret_and_not_for_sceptres_placeholder(
    component: str, name: str, value: Any, words: str
):
    message = refusal(stack_with(component, **{name: value}))
    assert re.match(rf"main/{component}: secret wms/main/{name}\b.*{words}", message)
    assert "hidden" not in message
    assert message.isprintable()
    sceptre_stack.SECRETS.clear()
    with use_resolver_placeholders_on_error():
        assert refusal(stack_with(component, **{name: value})) == message, "as a launch says it"


def refusal(stack: Any) -> str:
    with pytest.raises(SceptreException) as caught:
        _ = stack.template.body
    return str(caught.value)


def test_what_does_not_exist_yet_keeps_its_placeholder():
    """The reason why Sceptre has them: before the first launch the image need not be published."""
    stack = stack_with("connector")
    stack._connection_manager.images.clear()
    with use_resolver_placeholders_on_error():
        assert "WorkerImage" in str(stack.sceptre_user_data["image"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        *REFUSED,
        ("alertEmails", '{"emails": []}', "no addresses in 'emails'"),
        ("iam/permissionsBoundary", "arn:aws:iam::999999999999:policy/x", "a policy of account 999999999999"),
        ("vpc", {**json.loads(GOOD_SECRETS["vpc"]), "privateSubnets": []}, "'privateSubnets' is empty"),
        ("brokerString", "a.x:9096", "kafkaCredentials does not exist"),
    ],
)
def test_a_command_that_shows_templates_is_refused_as_a_launch_is(name: str, value: Any, words: str):
    """Also for a stack whose own template does not need that secret."""
    stack = FakeStack("main/alarms", "wms-alarms-main", account(**{name: value}))
    with pytest.raises(SceptreException, match=f"^main: secret wms/main/.*{words}") as caught:
        admit.CheckSecrets(None, stack).run()
    assert "hidden" not in str(caught.value)


def test_good_secrets_and_the_foundation_are_no_hindrance():
    admit.CheckSecrets(None, FakeStack("main/alarms", "wms-alarms-main", account())).run()
    admit.CheckSecrets(None, FakeStack("foundation/foundation", "wms-foundation", FakeAws())).run()
