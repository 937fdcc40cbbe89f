"""What stands ready before each procedure of docs/secrets.md, and how its commands are run.

The commands are run as they are written: SQL by the stand-in for Oracle, `wms-connector` and `sceptre` as
programs, and `aws` by AWS's own library, whose operations and parameters the AWS CLI's commands are made
from.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore import xform_name
from kafka.admin import KafkaAdminClient, UserScramCredentialUpsertion

from connector.domain.capture.oracle_script import OracleScript
from connector.domain.stage.stage import Stage
from connector.local import broker
from connector.local.broker_tls import Authority
from connector.local.oracle.process import PDB, SERVICE
from connector.local.seeds import ALERT_EMAILS
from connector.local.world import World
from tests.docs.secrets_page import Command, Kind
from tests.support.sceptre_cli import sceptre
from tests.support.waiting import wait_for
from tests.support.wms_cli import wms_connector

#: For two checks and the alarms behind them.
_AGAIN_SECONDS = 240.0
#: The password that the page's SQL sets.
PASSWORD = "the-new-password"
NEW_RECIPIENT = "new@wms-connector.test"


@dataclass
class Runner:
    """Runs the page's commands in a world; `directory` holds the files that they name."""

    world: World
    project: Path
    directory: Path

    def run(self, command: Command) -> None:
        """Run one; whatever refuses or fails is an error."""
        if command.kind is Kind.SQL:
            with self.world.database.sys(SERVICE) as session:
                session.execute(command.text)
        elif command.words[0] == "aws":
            self._aws(command)
        elif command.words[0] == "sceptre":
            launched = sceptre(self.world.env(), *command.words[1:], project=self.project)
            assert launched.status == 0, launched.output
        elif command.words[1] == "verify":
            wait_for(lambda: self._verified(command), "the stage is well again", _AGAIN_SECONDS, every=5)
        else:
            done = wms_connector(self.world.env(), *command.words[1:], project=self.project, seconds=600)
            assert done.status == 0, f"{command.text}: {done.stdout} {done.stderr}"

    def _verified(self, command: Command) -> bool:
        """The page says to run it again while an alarm is left of the time when ECS replaced the workers."""
        return wms_connector(self.world.env(), *command.words[1:], project=self.project).status == 0

    def write(self, name: str, content: Any) -> None:
        """A file that a command names."""
        text = content if isinstance(content, str) else json.dumps(content)
        (self.directory / name).write_text(text, encoding="utf-8")

    def _aws(self, command: Command) -> None:
        _, service, verb, *rest = command.words
        client = self.world.account.client(service)
        model = client.meta.service_model
        operation = next(name for name in model.operation_names if xform_name(name, "-") == verb)
        members = model.operation_model(operation).input_shape.members
        names = {f"--{xform_name(member, '-')}": member for member in members}
        given: dict[str, Any] = {}
        words = iter(rest)
        for word in words:
            flag = members[names[word]].type_name == "boolean"
            given[names[word]] = True if flag else self._value(next(words))
        getattr(client, xform_name(operation))(**given)

    def _value(self, word: str) -> str:
        if not word.startswith("file://"):
            return word
        return (self.directory / word.removeprefix("file://")).read_text(encoding="utf-8")


#: What a procedure needs: given the runner and the secret dbInfo as it is.
Prepare = Callable[[Runner, Mapping[str, Any]], None]


def new_password(runner: Runner, db_info: Mapping[str, Any]) -> None:
    """The file with the password that the page's SQL sets."""
    runner.write("dbInfo.json", {**db_info, "password": PASSWORD})


def second_user(runner: Runner, db_info: Mapping[str, Any]) -> None:
    """The second user, made by the script as the DBA runs it, and the file with it."""
    user = "C##WMSCDC2"
    with runner.world.database.sys(SERVICE) as session:
        if user not in session.admin("users"):
            session.script(
                OracleScript(container=True).text(Stage.parse("main")),
                {
                    "dbz_user": user,
                    "dbz_password": PASSWORD,
                    "wms_pdb": PDB,
                    "tbs_file": "/logminer2.dbf",
                    "tbs_file_pdb": "/logminer2_pdb.dbf",
                },
                there_already=(1543, 32588),
            )
    runner.write("dbInfo.json", {**db_info, "user": user, "password": PASSWORD})


def recipients(runner: Runner, db_info: Mapping[str, Any]) -> None:
    """The stage has a secret of its own, and the file has one address more."""
    runner.world.account.put_secret("main/alertEmails", {"emails": ALERT_EMAILS})
    runner.write("alertEmails.json", {"emails": [*ALERT_EMAILS, NEW_RECIPIENT]})


def credentials(runner: Runner, db_info: Mapping[str, Any]) -> None:
    """The user that the brokers know, as a new version."""
    runner.write(
        "kafkaCredentials.json",
        {"username": broker.USER, "password": runner.world.state.kafka_password},
    )


def second_broker_user(runner: Runner, db_info: Mapping[str, Any]) -> None:
    """A second user, made and let in by the cluster's owners."""
    user = "second-user"
    with closing(KafkaAdminClient(bootstrap_servers=runner.world.kafka_bootstrap)) as admin:
        made = UserScramCredentialUpsertion(user, "SCRAM-SHA-512", PASSWORD)
        assert admin.alter_user_scram_credentials([made]) == {user: None}
    runner.world.grant(Stage.parse("main"), user=user)
    runner.write("kafkaCredentials.json", {"username": user, "password": PASSWORD})


def broker_string(runner: Runner, db_info: Mapping[str, Any]) -> None:
    """The same brokers, as a new version."""
    runner.write("brokerString.txt", runner.world.broker_string())


def authorities(runner: Runner, db_info: Mapping[str, Any]) -> None:
    """The brokers' authority with another one beside it, and alone."""
    own = runner.world.authority.certificate.read_text(encoding="ascii")
    other = Authority(runner.directory / "other").make()
    runner.write("both.json", {"certificateAuthorityPem": other + own})
    runner.write("kafkaTls.json", {"certificateAuthorityPem": own})


def address(runner: Runner, db_info: Mapping[str, Any]) -> None:
    """The database without the proxy before it."""
    itself = runner.world.database.db_info
    runner.write("dbInfo.json", {**db_info, "ip": itself["ip"], "port": itself["port"]})


RUN: Mapping[str, Prepare] = {
    "recipients": recipients,
    "rollover": new_password,
    "second user": second_user,
    "password": new_password,
    "own secret": credentials,
    "kafkaCredentials": second_broker_user,
    "brokerString": broker_string,
    "refused": new_password,
    "kafkaTls": authorities,
    "address": address,
}
