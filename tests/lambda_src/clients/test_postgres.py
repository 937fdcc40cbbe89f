"""The small PostgreSQL client: logs in as RFC 7677 says, reads rows, tells what the server says."""

from typing import Any

import pytest

from connector.domain.errors import ServerError
from connector.domain.secrets.redacted import Redacted
from connector.local.world import World
from lambda_src.clients import postgres
from lambda_src.clients.postgres import Scram

NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER = f"r={NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"


def test_the_login_is_that_of_the_standards_example():
    scram = Scram(Redacted("pencil"), NONCE, "user")
    assert scram.first() == f"n,,n=user,r={NONCE}"
    final = scram.final(SERVER)
    assert final.endswith("p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    scram.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_a_server_that_does_not_know_the_password_is_refused():
    scram = Scram(Redacted("pencil"), NONCE, "user")
    scram.final(SERVER)
    with pytest.raises(ServerError, match="does not know the password"):
        scram.verify("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    with pytest.raises(ServerError, match="another nonce"):
        scram.final("r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")


def test_names_and_values_are_quoted():
    assert postgres.literal("a'b") == "'a''b'"
    assert postgres.identifier('a"b') == '"a""b"'


def test_nobody_there_may_be_asked_again():
    with pytest.raises(ServerError, match="does not answer") as caught:
        postgres.PostgresSession(
            "127.0.0.1", 1, database="d", user=Redacted("u"), password=Redacted("p"), seconds=1.0
        )
    assert caught.value.retriable


@pytest.mark.e2e
def test_rows_refusals_and_a_wrong_password_on_a_real_server(tmp_path_factory: pytest.TempPathFactory):
    with World.up(tmp_path_factory.mktemp("postgres")) as world:
        database = world.database
        given = database.db_info
        login: Any = {"database": given["db"], "user": Redacted(given["user"]), "seconds": 5.0}
        password = Redacted(database.cdc_password)
        with postgres.PostgresSession(database.host, database.port, **login, password=password) as session:
            assert session.run("SELECT 1, NULL, 'ü'") == [("1", None, "ü")]
            with pytest.raises(ServerError, match="does not exist"):
                session.run("SELECT nothing")
            assert session.run("SELECT 2") == [("2",)]
        with pytest.raises(ServerError, match="refused the login: password authentication failed"):
            postgres.PostgresSession(database.host, database.port, **login, password=Redacted("wrong"))
