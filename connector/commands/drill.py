"""`wms-connector fire-drill`: test whether alarms and mails of a stage arrive."""

import secrets
import sys

import click

from connector.aws import account
from connector.aws.topic_listener import TopicListener
from connector.commands.output import json_option, print_json, print_table, yes_option
from connector.domain.health.drills import CLASSES
from connector.domain.stage.stage import Stage
from connector.operations.confirmation import confirm
from connector.operations.fire_drill import DrillPlan, Report, drill
from connector.operations.inspection import alarm_routing, alarm_states, kind_of, subscriptions


@click.command("fire-drill")
@click.argument("stage_name", metavar="STAGE")
@yes_option
@json_option
@click.pass_context
def fire_drill(context: click.Context, stage_name: str, *, yes: bool, as_json: bool) -> None:
    """Raise every alarm of STAGE in turn, mail every error class, and show what was delivered.

    Every subscriber of the stage's two topics, people and machines, gets these messages. The subject of an
    error class's mail begins with DRILL; an alarm has DRILL in its reason. A temporary queue on both topics
    receives the same messages and shows what arrived. The drill changes neither the connector nor the health
    check's state. It does not test an alarm that is in ALARM already. Exit status 0 when everything that
    should arrive did.
    """
    # Setting alarms is limited to a few calls a second: those are tried again.
    stage, port = Stage.parse(stage_name), account.Account(attempts={"cloudwatch": 10})
    routing = alarm_routing(port, stage)
    kind = kind_of(port, stage)
    people, machines = (subscriptions(port, topic) for topic in (routing.people, routing.machines))
    plan = DrillPlan(stage, routing, alarm_states(port, stage, kind), kind, people, machines)
    confirm(_question(plan), yes=yes)
    topics = (routing.people, routing.machines)
    listener = TopicListener(port, topics, stage.names.drill_queue(secrets.token_hex(4)))
    report = drill(plan, port, listener, _say)
    if as_json:
        print_json(report.to_json())
    else:
        _print(report)
    context.exit(0 if report.passed else 1)


def _question(plan: DrillPlan) -> str:
    """How many messages will go to whom."""
    people = ", ".join(plan.recipients) or "nobody (no subscription is confirmed)"
    unconfirmed = [s.endpoint for s in plan.subscriptions if not s.confirmed]
    silent = f"; not confirmed, so not mailed: {', '.join(unconfirmed)}" if unconfirmed else ""
    alarms = (plan.mails - len(CLASSES)) // 2
    return (
        f"{plan.mails} mails ({len(CLASSES)} error classes, {alarms} alarms on and off) will go to: "
        f"{people}{silent}. {plan.calls} messages of alarms will go to these machines: "
        f"{', '.join(plan.machines) or 'none'}. Continue?"
    )


def _say(line: str) -> None:
    """Show progress, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"  {line}", err=True)


def _print(report: Report) -> None:
    alarms = [
        (
            a.alarm,
            " > ".join(a.reached) or "-",
            ", ".join(topic.rpartition(":")[2] for topic in a.topics) or "nobody",
            a.wrong or a.note or ", ".join(a.delivered) or "to machines only, as intended",
        )
        for a in report.alarms
    ]
    classes = [(m.name, m.wrong or f"delivered: {m.subject}") for m in report.classes]
    print_table(f"Alarms of {report.stage}", alarms, headers=("alarm", "reached", "sends to", "mails"))
    print_table("Error classes", classes, headers=("class", "mail"))
    wrong = sum(map(bool, report.problems))
    total = len(report.alarms) + len(report.classes)
    click.echo(f"{total - wrong} of {total} passed; topics {report.topic} and {report.alarms_topic}")
    click.echo(f"mailed: {', '.join(report.recipients) or 'nobody'}")
    for warning in report.warnings:
        click.echo(f"warning: {warning}")
    if report.left_behind:
        click.echo(f"not deleted; delete it by hand: {report.left_behind}")
