"""A wrong setting is answered in one line that says what is allowed."""

import pytest
from sceptre.exceptions import SceptreException

from templates.alarms import AlarmsSettings
from templates.alerts import AlertsSettings
from templates.connector import ConnectorStackSettings
from templates.events import EventsSettings
from templates.functions import FunctionsSettings
from templates.network import NetworkSettings
from templates.shared.settings import AlbTlsSettings
from tests.templates.support import HANDLERS, data, text

MODELS = (
    *(AlertsSettings, NetworkSettings, FunctionsSettings, ConnectorStackSettings),
    *(AlarmsSettings, EventsSettings, AlbTlsSettings),
)


@pytest.mark.parametrize("component", [name for name in HANDLERS if name != "foundation"])
def test_an_unknown_setting_is_refused_with_the_known_ones(component: str):
    with pytest.raises(SceptreException) as refused:
        text(component, stag="main")
    line = str(refused.value)
    assert "unknown setting 'stag'; known: " in line
    assert all(name in line for name in data(component))
    assert "\n" not in line


def test_an_unknown_key_inside_the_database_is_refused_with_the_known_ones():
    wrong = {**data("network")["database"], "passwd": "x"}
    with pytest.raises(SceptreException, match=r"'database.passwd'; known: endpoints, password_key"):
        text("network", database=wrong)


def test_a_misspelt_setting_is_called_unknown_rather_than_missing():
    wrong = data("connector")
    wrong["task_cpus"] = wrong.pop("task_cpu")
    with pytest.raises(SceptreException, match="unknown setting 'task_cpus'"):
        HANDLERS["connector"](wrong)


def test_a_missing_setting_is_named():
    wrong = data("connector")
    del wrong["image"]
    with pytest.raises(SceptreException, match="setting 'image' is missing"):
        HANDLERS["connector"](wrong)


@pytest.mark.parametrize("stage", ["feature/x", "Main", "default", "", "wms", "a b"])
def test_a_refused_stage_makes_no_template(stage: str):
    with pytest.raises(SceptreException, match="is refused: "):
        text("alerts", stage=stage)


@pytest.mark.parametrize(
    ("component", "changes", "part"),
    [
        ("functions", {"connector": {"kinds": "jdbc"}}, "connector.kinds is an unknown setting; known: kind"),
        ("functions", {"connector": {"kind": "cdc"}}, "allowed: debezium, jdbc"),
        ("functions", {"kafka_auth": "ssl"}, "'tls', 'scram', 'iam' or 'plaintext', not 'ssl'"),
        ("network", {"broker_ports": [[0, 0]]}, "broker_ports"),
        ("connector", {"image": "repository:latest"}, "image 'repository:latest' is not pinned by digest"),
        ("connector", {"image": "repository@sha256:abc"}, "is not pinned by digest"),
        ("alerts", {"log_retention_days": 31}, "not 31"),
        ("alerts", {"emails": ["nobody"]}, "not 'nobody'"),
        ("alarms", {"connector": {"kind": "cdc"}}, "allowed: debezium, jdbc"),
        ("alarms", {"health_schedule_minutes": 0}, "not 0"),
        ("events", {"health_schedule_minutes": 21}, "less than or equal to 20, not 21"),
        ("network", {"alb_tls": {}}, "exactly one of certificate_arn and certificate_authority_arn"),
        ("network", {"alb_tls": {"certificate_arn": "x"}}, "not 'x'"),
        ("network", {"broker_cidrs": ["10.0.0.0/33"]}, "not '10.0.0.0/33'"),
        ("network", {"vpc_id": "vpc"}, "vpc_id"),
        ("connector", {"desired_count": -1}, "desired_count"),
        ("connector", {"iam_path": "developer"}, "not 'developer'"),
        ("connector", {"permissions_boundary": "boundary"}, "not 'boundary'"),
        ("network", {"dns_cidrs": "10.0.0.0/8"}, "dns_cidrs: expected a list like [10.0.0.0/8], not"),
        ("network", {"dns_cidrs": ["10.0.0.1/32"] * 9}, "dns_cidrs: expected at most 8 in the list, not ["),
        ("network", {"broker_cidrs": []}, "broker_cidrs: expected at least 1 in the list, not []"),
        ("network", {"dns_cidrs": 10}, "dns_cidrs: expected a list, not 10"),
        ("network", {"dns_cidrs": ["10.0.0.53"]}, "expected CIDR blocks like 10.0.0.53/32"),
        ("network", {"dns_cidrs": ["0.0.0.0/0"]}, "'0.0.0.0/0' is every address; name the blocks"),
        ("network", {"dns_cidrs": ["::/0"]}, "'::/0' is every address; name the blocks"),
        ("network", {"broker_cidrs": ["10.0.0.1"]}, "expected IPv4 CIDR blocks like 10.20.0.0/16, not"),
        ("network", {"alb_tls_policy": "foo"}, "like ELBSecurityPolicy-TLS13-1-2-2021-06, not 'foo'"),
        ("network", {"alb_log_bucket": "s3://foo"}, "the name of an S3 bucket alone, like agency-logs"),
        ("connector", {"secrets_key_arns": ["foo"]}, "like arn:aws:kms:<region>:<account>:key/<id>"),
        ("connector", {"secrets_key_arns": "foo"}, "secrets_key_arns: expected a list like [foo], not"),
        ("foundation", {"stage": "main"}, "unknown setting 'stage'"),
    ],
)
def test_a_wrong_value_is_answered_with_what_is_allowed(
    component: str, changes: dict[str, object], part: str
):
    with pytest.raises(SceptreException) as refused:
        HANDLERS[component]({**data(component), **changes})
    assert part in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_setting_is_explained():
    for model in MODELS:
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
