"""The rotation as it is kept between runs, and the mark of a launch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.error_classes import named
from connector.domain.health.mail_context import MailContext
from connector.domain.health.rotation_mail import rotation_mail
from connector.domain.health.rotation_state import ROTATION_KEY, Ending, Phase, Rotation
from connector.domain.stage.launch_mark import LAUNCH_SECONDS, launch_began, launch_item, launching
from connector.domain.stage.stage import Stage

NOW = 1_800_000_000
TEXTS = st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=8)
ROTATIONS = st.builds(
    Rotation,
    phase=st.sampled_from(Phase),
    began=st.integers(0, NOW),
    since=st.integers(0, NOW),
    versions=st.dictionaries(TEXTS, TEXTS, max_size=2),
    changed=st.lists(TEXTS, max_size=2).map(tuple),
    definition=TEXTS,
    previous=TEXTS,
    go_back=st.booleans(),
    deployed=st.booleans(),
    catch_up=st.booleans(),
    ending=st.sampled_from(Ending),
    ended=st.integers(0, NOW),
    reason=TEXTS,
    error_class=TEXTS,
    mailed=st.booleans(),
    failed=st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple),
    kept=st.dictionaries(TEXTS, TEXTS, max_size=2),
    number=st.integers(1, 9),
)


@given(ROTATIONS)
def test_what_is_stored_is_read_again(rotation: Rotation):
    assert Rotation.from_item(rotation.to_item()) == rotation


@given(
    ROTATIONS, st.sampled_from(["phase", "versions", "failed", "since"]), st.sampled_from([None, 7, "x", {}])
)
def test_a_damaged_item_means_that_no_rotation_is_under_way(rotation: Rotation, key: str, value: object):
    item = {**rotation.to_item(), key: value}
    found = Rotation.from_item(item)
    assert found.number == rotation.number
    assert not found.under_way or found.phase is rotation.phase


def test_an_item_of_nothing_is_an_empty_one():
    assert Rotation.from_item({"id": ROTATION_KEY, "version": 3}) == Rotation(number=3)


def test_each_change_is_one_version_on_so_that_of_two_writers_one_fails():
    begun = Rotation().begun(NOW, {"a": "1"}, ())
    rolling = begun.rolling(NOW, "new", "old", go_back=False).given()
    assert [begun.number, rolling.number, rolling.verifying(NOW).number, rolling.done(NOW).number] == [
        1,
        3,
        4,
        4,
    ]


def test_what_failed_is_remembered_until_it_is_in_use():
    failed = Rotation().failure(NOW, "reason", "login", [("a", "2")], mailed=False)
    assert failed.knows(("a", "2"))
    assert not failed.knows(("a", "3"))
    assert failed.begun(NOW, {"a": "2"}, ()).done(NOW).failed == ()
    assert failed.begun(NOW, {"a": "3"}, ()).done(NOW).knows(("a", "2"))
    assert failed.begun(NOW, {"b": "3"}, ()).done(NOW).knows(("a", "2"))
    assert failed.forgetting().failed == ()


def test_a_secret_that_was_gone_and_is_in_use_may_be_gone_again():
    gone = Rotation().failure(NOW, "reason", "launch needed", [("a", "is gone")], mailed=True)
    assert gone.begun(NOW, {"a": "3"}, ()).done(NOW).failed == ()


def test_an_item_of_before_has_kept_nothing():
    item = Rotation(Phase.ROLLING, versions={"a": "1"}).to_item()
    del item["kept"]
    assert Rotation.from_item(item) == Rotation(Phase.ROLLING, versions={"a": "1"})


def test_a_phase_is_late_after_its_own_time():
    for phase in (Phase.TRYING, Phase.ROLLING, Phase.VERIFYING):
        rotation = Rotation(phase, since=NOW)
        assert not rotation.late(NOW + phase.seconds)
        assert rotation.late(NOW + phase.seconds + 1)
        assert "under way" in rotation.describe()
    assert Rotation().describe() == ""


def test_the_mail_has_class_reason_next_step_and_command():
    failed = Rotation(ending=Ending.FAILED, ended=NOW, reason="ORA-01017", error_class="login")
    mail = rotation_mail(MailContext(Stage.parse("main")), failed)
    assert mail.subject == "wms-connector-main: SecretChanged (login)"
    for text in (
        "ORA-01017",
        MailContext(Stage.parse("main")).text(named("login").next_step),
        "docs/operations.md#secretchanged",
    ):
        assert text in mail.text


@pytest.mark.parametrize(
    "name", ["secret malformed", "launch needed", "other cluster", "rotation failed", "worker-deployment"]
)
def test_every_class_of_a_rotation_is_in_the_table(name: str):
    assert named(name).name == name
    assert not named(name).retry


def test_a_launch_counts_for_half_an_hour_and_not_once_it_has_ended():
    began = launch_began(launch_item(NOW))
    assert launching(began, NOW + LAUNCH_SECONDS - 1) == NOW
    assert launching(began, NOW + LAUNCH_SECONDS) is None
    assert launching(launch_began(launch_item(0)), NOW) is None


@pytest.mark.parametrize("item", [None, {}, {"at": "x"}, {"at": None}])
def test_a_mark_that_cannot_be_read_is_none(item: dict[str, object] | None):
    assert launch_began(item) == 0
