"""`wms-connector fire-drill`: test whether alarms and mails of a stage arrive."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from connector.aws import account
from connector.aws.topic_listener import TopicListener
from connector.commands.output import json_option, print_json, print_table, to_stderr
from connector.domain.health.drills import ONE_OF_EACH_KIND
from connector.domain.stage.stage import Stage
from connector.operations.confirmation import confirm, yes_option
from connector.operations.fire_drill import DrillPlan, Report, Say, drill
from connector.operations.inspection import alarm_routing, alarm_states, kind_of, subscriptions
from connector.operations.signs import repeated


@click.command("fire-drill")
@click.argument("stage_name", metavar="STAGE")
@yes_option
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Only this alarm or mail, by its name in the report; can be repeated.",
)
@click.option("--one-of-each-kind", is_flag=True, help="One mail of each form of text, and no alarm.")
@json_option
@click.pass_context
def fire_drill(
    context: click.Context,
    stage_name: str,
    *,
    yes: bool,
    only: tuple[str, ...],
    one_of_each_kind: bool,
    as_json: bool,
) -> None:
    """Raise every alarm of STAGE in turn, send every mail of the health check, and show what was delivered.

    These are the mails of each error class, of each event about the worker, of an error that joins, of a
    recovery, of a halted connector and of a secret that the workers do not get. Every subscriber of the
    stage's two topics, people and machines, gets these messages. The subject of such a mail begins with
    DRILL; an alarm's mail is CloudWatch's own and has DRILL in its reason only.

    A temporary queue on both topics receives the same messages and shows what arrived. The drill changes
    neither the connector nor the health check's state. It does not test an alarm that is in ALARM already.
    Exit status 0 when everything that should arrive did.
    """
    # Setting alarms is limited to a few calls a second: those are tried again.
    stage, port = Stage.parse(stage_name), account.Account(attempts={"cloudwatch": 10})
    routing = alarm_routing(port, stage)
    kind = kind_of(port, stage)
    people, machines = (subscriptions(port, topic) for topic in (routing.people, routing.machines))
    chosen = (*only, *(ONE_OF_EACH_KIND if one_of_each_kind else ()))
    plan = DrillPlan(stage, routing, alarm_states(port, stage, kind), kind, people, machines, chosen)
    confirm(_question(plan), yes=yes)
    topics = (routing.people, routing.machines)
    listener = TopicListener(port, topics, stage.names.drill_queue(secrets.token_hex(4)))
    with _progress() as say:
        report = drill(plan, port, listener, say)
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
    return (
        f"The drill {plan.covers}. {plan.mails} mails ({len(plan.sent)} of the health check, "
        f"{plan.alarm_mails} of alarms) will go to: {people}{silent}. {plan.calls} messages of alarms "
        f"will go to these machines: {', '.join(plan.machines) or 'none'}. Continue?"
    )


@contextmanager
def _progress() -> Iterator[Say]:
    """Shows each part on a terminal and, everywhere, every 15 s what the drill is about."""
    said = ["the drill begins"]

    def say(line: str) -> None:
        said.append(line)
        if sys.stderr.isatty():
            to_stderr(f"  {line}")

    with repeated(lambda seconds: f"  {said[-1]} ({seconds:.0f} s)", to_stderr):
        yield say


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
    print_table("Mails of the health check", classes, headers=("name", "mail"))
    wrong = sum(map(bool, report.problems))
    total = len(report.alarms) + len(report.classes)
    click.echo(f"{total - wrong} of {total} passed; topics {report.topic} and {report.alarms_topic}")
    click.echo(f"The drill {report.covers}")
    click.echo(f"mailed: {', '.join(report.recipients) or 'nobody'}")
    for warning in report.warnings:
        click.echo(f"warning: {warning}")
    if report.left_behind:
        click.echo(f"not deleted; delete it by hand: {report.left_behind}")
