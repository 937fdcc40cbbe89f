"""`wms-connector reconcile`, upon a stage whose admin function is real code."""

import json
import signal
from typing import Any

import pytest

from connector.aws import account
from connector.aws.admin_function import Clock
from connector.domain.admin_api import Request
from connector.operations import comparison
from lambda_src.connect_admin import operations
from tests.commands.conftest import Run, assert_one_line
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.conftest import world as made_world
from tests.lambda_src.connect_admin.reconcile.comparing import TABLE, Comparing
from tests.support.fake_aws import FakeAws

world = made_world


class Killed(BaseException):
    """As Ctrl-C, or the end of the program."""


@pytest.fixture
def main(world: FakeStage, monkeypatch: pytest.MonkeyPatch) -> Comparing:
    """Main behind the environment's credentials, with three rows of which two are as they should be."""
    made = Comparing(world)
    made.source = {1: "a", 2: "b", 3: "c"}
    made.write(1, "a")
    made.write(2, "b")
    made.write(3, "c")
    made.requests = []  # type: ignore[attr-defined]

    def admin(event: Any) -> Any:
        request = Request.from_payload(event)
        made.requests.append(request)  # type: ignore[attr-defined]
        session = made.stage.session(meant=request.stage)
        session.reconcile, session.tables = request.reconcile, request.tables
        return operations.answer(request.operation, session).to_payload()

    aws = FakeAws()
    aws.functions = {made.stage.stage.names.connect_admin: admin}
    monkeypatch.setattr(account, "Account", lambda **_: aws)
    monkeypatch.setattr(comparison, "Clock", lambda: Clock(lambda: 0.0, lambda _: None))
    return made


def test_what_is_equal_is_said_first_and_nothing_is_left(run: Run, main: Comparing) -> None:
    done = run("reconcile", "main", "--table", TABLE)
    assert done.exit_code == 0, done.stderr
    first, *more = done.stdout.splitlines()
    assert first == "100.0 % of 3 keys could be judged, as of SCN 500: no difference"
    assert any(line.split()[:2] == [TABLE, "3"] for line in more)
    assert "the tables are read, as of SCN 500" in done.stderr
    assert main.left() == []


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_command_lets_it_clear_away(
    run: Run, main: Comparing, monkeypatch: pytest.MonkeyPatch, sent: signal.Signals
) -> None:
    class EndedAtTheThird(list[Request]):
        def append(self, request: Request) -> None:
            super().append(request)
            if len(self) == 3:
                signal.raise_signal(sent)

    monkeypatch.setattr(main, "requests", EndedAtTheThird())
    before = signal.getsignal(sent)
    done = run("reconcile", "main", "--table", TABLE)
    assert done.exit_code == 1
    assert main.left() == []
    assert signal.getsignal(sent) is before


def test_a_difference_is_status_1_with_the_next_step(run: Run, main: Comparing) -> None:
    main.source[2] = "changed"
    done = run("reconcile", "main", "--table", TABLE)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        "error: reconcile main: 1 keys differ; --repair reads those again that the source has"
    )
    assert f"{TABLE}: WVR_TTL_TXT differs in 1" in done.stdout
    assert "changed" not in done.output
    assert main.left() == []


def test_json_has_the_counts_and_keys_only_if_they_are_asked_for(run: Run, main: Comparing) -> None:
    main.source[7] = "new"
    done = run("reconcile", "main", "--table", TABLE, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert (found["judged"], found["keys"], found["percent"], found["scn"]) == (4, 4, 100.0, 500)
    assert (found["tables"][TABLE]["equal"], found["tables"][TABLE]["missing"]) == (3, 1)
    assert "keys" not in found["tables"][TABLE]
    shown = json.loads(run("reconcile", "main", "--table", TABLE, "--json", "--keys-shown").stdout)
    assert shown["tables"][TABLE]["keys"] == {"missing": ["7"]}


def test_chosen_keys_are_judged_alone(run: Run, main: Comparing) -> None:
    main.source[7] = "new"
    assert run("reconcile", "main", "--table", TABLE, "--keys", "1, 2").exit_code == 0
    absent = run("reconcile", "main", "--table", TABLE, "--keys", "99")
    assert absent.exit_code == 1
    assert "none of the keys is in the source or on a topic" in absent.stderr


def test_what_is_refused_is_refused_before_anything(run: Run, main: Comparing) -> None:
    assert_one_line(run("reconcile", "Main"), "Main")
    assert_one_line(run("reconcile", "main", "--table", "WMS.ELSE"), "'WMS.ELSE' is not captured")
    assert_one_line(run("reconcile", "main", "--keys", "1"), "exactly one --table")
    both = run("reconcile", "main", "--clean", "--repair")
    assert (both.exit_code, "means anything with it" in both.stderr) == (2, True)
    assert main.requests == []  # type: ignore[attr-defined]


def test_a_comparison_that_fails_is_one_error_and_cleared_away(run: Run, main: Comparing) -> None:
    main.failure = "java.sql.SQLException: ORA-01555: snapshot too old"
    done = run("reconcile", "main", "--table", TABLE)
    assert (done.exit_code, done.stdout) == (1, "")
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert errors[0].startswith("error: reconcile main: the tables could not be read: ")
    assert main.left() == []


def test_an_interrupted_comparison_is_cleared_away(main: Comparing, monkeypatch: pytest.MonkeyPatch) -> None:
    from connector.domain.reconcile.run import ReconcileRequest  # noqa: PLC0415

    def send(request: Request) -> Any:
        session = main.stage.session(meant=request.stage)
        session.reconcile, session.tables = request.reconcile, request.tables
        return operations.answer(request.operation, session)

    def stop(_: str) -> None:
        if main.left():
            raise Killed

    wanted = ReconcileRequest(comparison.new_run())
    with pytest.raises(Killed):
        comparison.compare("main", (TABLE,), wanted, send, stop)
    assert main.left() == []


def test_clean_clears_away_what_a_killed_one_has_left(run: Run, main: Comparing) -> None:
    main.step()
    main.step()
    assert main.left() != []
    done = run("reconcile", "main", "--clean")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("nothing of a comparison is left but its topics")
    assert main.left() == []
    assert json.loads(run("reconcile", "main", "--clean", "--json").stdout)["changed"] is False


def test_a_stage_that_is_not_deployed_is_said_to_be_so(
    run: Run, main: Comparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "Account", lambda **_: FakeAws())
    done = run("reconcile", "main")
    assert done.exit_code == 1
    assert "is not deployed" in done.stderr
