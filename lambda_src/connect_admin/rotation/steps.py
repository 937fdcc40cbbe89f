"""The steps of a rotation, each claimed in the state table before it is done.

Try the new login, give the service a task definition with the new versions, wait until all workers are new,
put the connector's config if it differs, see that it streams, and only then write the record.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture.config import config_hash
from connector.domain.errors import OperatorError, ServerError
from connector.domain.health.halt import HaltedBy
from connector.domain.health.moments import moment
from connector.domain.health.observation import Service
from connector.domain.health.refused import RefusedVersion
from connector.domain.health.refused_login import SECRET_OF
from connector.domain.health.rotation_state import Phase, Rotation
from connector.domain.secrets.injected import PinnedSecret, WorkerSecrets
from connector.domain.secrets.rotation import Meaning, RotationPlan
from connector.domain.secrets.secrets import BROKER_STRING, DB_INFO, KAFKA_CREDENTIALS, KAFKA_TLS
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.launch_mark import LAUNCH_SECONDS, launching
from connector.domain.stage.record import StageRecord
from lambda_src.clients import task_definitions
from lambda_src.clients.state_table import (
    forget_refused,
    read_halt,
    read_launch,
    read_record,
    read_refused,
    read_rotation,
    remember_refused,
    replace_item,
    write_halt,
    write_record,
)
from lambda_src.connect_admin.registration.put_connector import register
from lambda_src.connect_admin.registration.verify import verify
from lambda_src.connect_admin.rotation.attempt import Attempt, another_user, attempt
from lambda_src.connect_admin.rotation.look import behind, look, pinned_in_service
from lambda_src.connect_admin.teardown.guard import STANDS_BACK
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session

#: Classes whose refusal counts against an account -> the secret with the login. A connection behind an open
#: port that ends without a session may be one.
_LOGINS = {**SECRET_OF, "no-session": DB_INFO}
#: What a try may take at most: with less time left, the next run begins it.
TRY_SECONDS = 35.0
#: How long a resumed connector is waited for, in seconds, and how often it is asked for.
_RESUME_SECONDS, _PAUSE_SECONDS = 15.0, 0.5

NEVER_REGISTERED = "the stage was never registered, so there is nothing to rotate; launch it"
UNCHANGED = "no secret has changed since the connector was verified"


def step(session: Session, *, told: bool, clock: Clock = time.time) -> Answer:
    """Go one step on; WAITING if there is one more. `told`: the caller tells people of a failure itself."""
    return RotationStep(session, clock, told=told).next()


class RotationStep:
    """One step of the rotation of one stage, with what all steps need."""

    def __init__(self, session: Session, clock: Clock, *, told: bool) -> None:
        self.session = session
        self.clock = clock
        self.told = told
        self.table = session.aws.table(session.environment.table)

    def next(self) -> Answer:
        """The next step of the rotation that is under way, or the first one of a new one."""
        record, rotation = read_record(self.table), read_rotation(self.table)
        if record is None:
            return Answer(State.FAILED, NEVER_REGISTERED)
        if record.retiring:
            return Answer(State.FAILED, STANDS_BACK)
        if rotation.phase is Phase.NONE:
            return self._begin(record, rotation)
        if rotation.phase is Phase.TRYING:
            if not rotation.late(self.clock()):
                return Answer(State.WAITING, rotation.describe())
            if rotation.catch_up:
                # No login was tried, so nothing is to blame: the next step begins anew.
                reason = "the run that was to give the workers the recorded version did not end"
                self._write(rotation, rotation.waiting(reason))
                return Answer(State.WAITING, reason)
            reason = (
                "the run that tried the new login did not end, so it is not known whether it was accepted"
            )
            return self._fail(rotation, reason, "no-session")
        session = self.session.with_versions(rotation.versions)
        session.know_confidential()
        if rotation.phase is Phase.ROLLING:
            return self._roll(session, rotation)
        return self._verify(session, rotation)

    # -- begin ----------------------------------------------------------------

    def _begin(self, record: StageRecord, rotation: Rotation) -> Answer:
        plan = look(self.session, record, read_refused(self.table), rotation)
        as_is = not plan.changed or plan.blocked is not None
        paths = behind(pinned_in_service(self.session), record, rotation) if as_is else ()
        if paths and not (plan.changed and self.session.retry_login):
            return self._catch_up(record, rotation, paths)
        if not plan.changed:
            return Answer(State.DONE, UNCHANGED)
        if self.session.retry_login:
            rotation, plan = self._forget(record, rotation, plan)
        malformed = [each for each in plan.of(Meaning.MALFORMED) if not rotation.knows(each.key)]
        if malformed:
            keys = [each.key for each in malformed]
            reason = "; ".join(each.describe() for each in malformed)
            return self._fail(rotation, reason, "secret malformed", keys)
        if plan.blocked is not None:
            return Answer(State.FAILED, plan.blocked.describe())
        only_launch = [each for each in plan.of(Meaning.LAUNCH) if not rotation.knows(each.key)]
        # Without the brokers or their certificates, or with others, nothing else could be tried either.
        first = any(each.name in (BROKER_STRING, KAFKA_TLS) for each in only_launch)
        if only_launch and (first or not plan.of(Meaning.TRY)):
            reason = "; ".join(each.describe() for each in only_launch)
            return self._fail(rotation, reason, "launch needed", [each.key for each in only_launch])
        if not plan.of(Meaning.TRY):
            return Answer(State.FAILED, plan.describe())
        return self._in_the_way() or self._claim(record, rotation, plan)

    def _catch_up(self, record: StageRecord, rotation: Rotation, paths: Sequence[str]) -> Answer:
        """Give new workers what the record names: it was tried, and streamed."""
        blocked = self._in_the_way()
        if blocked is not None:
            return blocked
        refused = read_refused(self.table).refusal_of(record.secret_versions)
        if refused is not None:
            return Answer(
                State.FAILED, f"the workers have another version, and {refused.describe()} was refused"
            )
        failed = [path for path in paths if rotation.knows((path, record.secret_versions[path]))]
        if failed and not self.session.retry_login:
            return Answer(State.FAILED, f"the workers did not start with the recorded {', '.join(failed)}")
        begun = rotation.resumed(self.clock(), record.secret_versions, paths)
        if not self._write(rotation, begun):
            return Answer(State.WAITING, "another run has begun at the same time")
        return self._start_workers(self.session.with_versions(begun.versions), record, begun)

    def _forget(
        self, record: StageRecord, rotation: Rotation, plan: RotationPlan
    ) -> tuple[Rotation, RotationPlan]:
        """What was refused is tried once more, because an operator says so."""
        forget_refused(self.table, plan.versions or {})
        forgotten = rotation.forgetting()
        if forgotten is not rotation and not self._write(rotation, forgotten):
            forgotten = read_rotation(self.table)
        return forgotten, look(self.session, record, read_refused(self.table), forgotten)

    def _in_the_way(self) -> Answer | None:
        """What a rotation waits for: a launch gives the workers the secrets itself, ECS is replacing them."""
        mark = launching(read_launch(self.table), self.clock())
        if mark is not None:
            return Answer(
                State.WAITING,
                f"a launch of this stage has begun {moment(mark)} and comes first; if it has failed, launch "
                "again, which gives the workers the secrets too; else this goes on "
                f"{moment(mark + LAUNCH_SECONDS)}",
            )
        if not self.session.service.desired:
            return Answer(State.WAITING, "the service has no workers; launch the stage")
        if self.session.service.rolling_out:
            return Answer(State.WAITING, "ECS is replacing the workers already, which comes first")
        return None

    def _claim(self, record: StageRecord, rotation: Rotation, plan: RotationPlan) -> Answer:
        """Claim the try, look once more whether a launch has begun, and try."""
        if self.session.deadline.left < TRY_SECONDS:
            return Answer(State.WAITING, f"{plan.describe()}; the next run tries it")
        begun = rotation.begun(self.clock(), plan.versions or {}, plan.of(Meaning.TRY))
        session = self.session.with_versions(begun.versions)
        session.know_confidential()
        if not self._write(rotation, begun):
            return Answer(State.WAITING, "another run has begun at the same time")
        blocked = self._in_the_way()
        if blocked is not None:
            self._write(begun, begun.waiting(blocked.summary))
            return blocked
        tried = attempt(session, record, plan, clock=self.clock)
        if tried.later:
            self._write(begun, begun.waiting(tried.reason))
            return Answer(State.WAITING, f"nothing was tried: {tried.reason}")
        if not tried.accepted:
            return self._refused(begun, plan, tried)
        return self._start_workers(session, record, begun)

    def _refused(self, rotation: Rotation, plan: RotationPlan, tried: Attempt) -> Answer:
        named = [each for each in plan.of(Meaning.TRY) if each.name in tried.names]
        login = _LOGINS.get(tried.error_class)
        at = int(self.clock())
        remember_refused(
            self.table,
            [
                RefusedVersion(each.path, each.version, tried.error_class, at)
                for each in named
                if each.name == login
            ],
        )
        paths = ", ".join(each.path for each in named)
        reason = f"{paths}: {tried.reason}; nothing was changed, and the workers go on with what they have"
        return self._fail(rotation, reason, tried.error_class, [each.key for each in named])

    # -- new workers -----------------------------------------------------------

    def _start_workers(self, session: Session, record: StageRecord, rotation: Rotation) -> Answer:
        ecs, service = session.aws.ecs(), session.service
        try:
            content = task_definitions.read_definition(ecs, service.definition)
            wanted = task_definitions.with_secrets(content, _secrets(session).variables())
            definition = task_definitions.register(ecs, wanted)
        except ServerError as error:
            if error.retriable:
                # What was accepted may be tried again: no limit counts it.
                self._write(rotation, rotation.waiting(str(error)))
                return Answer(State.WAITING, str(error))
            return self._fail(rotation, str(error), "launch needed")
        back = another_user(session, record)
        rolling = rotation.rolling(self.clock(), definition, service.definition, go_back=back)
        if not self._write(rotation, rolling):
            return Answer(State.WAITING, "another run or a launch was faster")
        return self._deploy(session, rolling)

    def _deploy(self, session: Session, rotation: Rotation) -> Answer:
        env = session.environment
        task_definitions.deploy(session.aws.ecs(), env.cluster, env.service, rotation.definition)
        self._write(rotation, rotation.given())
        return Answer(State.WAITING, rotation.describe(), changed=True)

    def _roll(self, session: Session, rotation: Rotation) -> Answer:
        service = session.service
        if service.definition == rotation.definition and service.rollout_failed:
            return self._fail(rotation, _why_not_started(service), "worker-deployment")
        if service.definition == rotation.definition:
            if service.rolling_out:
                if rotation.late(self.clock()):
                    return self._back(
                        session, rotation, f"the new workers do not start: {service.describe()}"
                    )
                return Answer(State.WAITING, f"{rotation.describe()}: {service.describe()}")
            return self._configure(session, rotation)
        if service.definition != rotation.previous:
            self._write(rotation, rotation.superseded(self.clock()))
            return Answer(
                State.FAILED, "a launch has replaced the workers meanwhile, with the secrets of then"
            )
        if rotation.deployed:
            return self._fail(rotation, _why_not_started(service), "worker-deployment")
        # The run that made the definition died before it was given to the service.
        return self._deploy(session, rotation)

    def _configure(self, session: Session, rotation: Rotation) -> Answer:
        """Put the connector's config if it differs, and let a connector go on that a refused login halted."""
        try:
            answer = register(session)
        except OperatorError as error:
            return self._back(session, rotation, str(error))
        if answer.state is State.WAITING:
            return answer
        if answer.state is State.FAILED:
            return self._back(session, rotation, answer.summary)
        self._end_halt(session)
        if not self._write(rotation, rotation.verifying(self.clock())):
            return Answer(State.WAITING, "another run was faster")
        return Answer(State.WAITING, f"all workers are new; {answer.summary}", changed=answer.changed)

    def _end_halt(self, session: Session) -> None:
        halt = read_halt(self.table)
        if halt.by is not HaltedBy.LOGIN:
            return
        # Before the request: what the log tells from now on is new.
        write_halt(self.table, halt, at=int(self.clock()))
        connect = session.connect()
        status = connect.status(CONNECTOR)
        if status is not None and status.halted:
            connect.resume(CONNECTOR)
            session.deadline.poll(
                lambda: connect.status(CONNECTOR),
                lambda now: now is not None and not now.halted,
                every=_PAUSE_SECONDS,
                at_most=_RESUME_SECONDS,
            )

    def _verify(self, session: Session, rotation: Rotation) -> Answer:
        status = session.connect().status(CONNECTOR)
        if status is not None and status.halted and read_halt(self.table).by is not HaltedBy.LOGIN:
            # An operator halted it, and a rotation does not undo that: its login was accepted.
            return self._record(session, rotation, f"{status.describe()}: halted by an operator, and left so")
        answer = verify(session)
        if answer.state is State.DONE:
            return self._record(session, rotation, answer.summary)
        if answer.state is State.FAILED or rotation.late(self.clock()):
            return self._back(session, rotation, f"the connector does not stream: {answer.summary}")
        return Answer(State.WAITING, answer.summary)

    def _record(self, session: Session, rotation: Rotation, seen: str) -> Answer:
        """The record gets the new versions only now, before the end is written.

        A run that dies between the two leaves the rotation to the next run, which writes the same record. The
        other way round, the next run would take the versions for new ones, and try and roll them again.
        """
        record = read_record(self.table)
        if record is None or record.retiring:
            return Answer(State.FAILED, STANDS_BACK)
        # Read right before the write: a run that was held up must not write over what came after it.
        if read_rotation(self.table) != rotation:
            return Answer(State.WAITING, "another run was faster")
        versions = dict(rotation.versions)
        write_record(
            self.table, replace(record, secret_versions=versions, config_hash=config_hash(session.config))
        )
        if not self._write(rotation, rotation.done(self.clock())):
            return Answer(State.WAITING, "another run was faster")
        which = f"{'recorded' if rotation.catch_up else 'new'} {', '.join(rotation.changed)}"
        return Answer(State.DONE, f"the workers run with the {which}; {seen}", changed=True)

    # -- endings ----------------------------------------------------------------

    def _back(self, session: Session, rotation: Rotation, reason: str) -> Answer:
        """Give up. The service gets the definition before, if what that names may be valid still.

        A new password of the same user ended the old one: a worker with that would only be refused.
        """
        if not rotation.go_back:
            reason = f"{reason}; the workers stay as they are now"
            return self._fail(rotation.keeping(), reason, "rotation failed")
        answer = self._fail(
            rotation, f"{reason}; the workers get back what they had before", "rotation failed"
        )
        env = session.environment
        task_definitions.deploy(session.aws.ecs(), env.cluster, env.service, rotation.previous)
        return answer

    def _fail(
        self,
        rotation: Rotation,
        reason: str,
        error_class: str,
        keys: Sequence[tuple[str, str]] | None = None,
    ) -> Answer:
        """Remember it, so that nothing is tried again. The mail is for the health function to send, once."""
        if keys is None:
            keys = [(path, rotation.versions[path]) for path in rotation.changed if path in rotation.versions]
        reason = self.session.redactor.redact(reason)
        failed = rotation.failure(self.clock(), reason, error_class, keys, mailed=self.told)
        if not self._write(rotation, failed):
            return Answer(State.WAITING, "another run was faster")
        return Answer(State.FAILED, reason, changed=True, details={"class": error_class})

    def _write(self, before: Rotation, after: Rotation) -> bool:
        return replace_item(self.table, after.to_item(), replaced_version=before.replaced_version)


def _secrets(session: Session) -> WorkerSecrets:
    """What the workers are to get, by the versions that the session has."""

    def pinned(name: str) -> PinnedSecret:
        stored = session.stored(name)
        return PinnedSecret(stored.arn, stored.version)

    database = session.database
    return WorkerSecrets(
        pinned(BROKER_STRING),
        pinned(DB_INFO),
        database.user_key,
        database.password_key,
        pinned(KAFKA_CREDENTIALS) if session.credentials is not None else None,
        pinned(KAFKA_TLS) if session.authority is not None else None,
    )


def _why_not_started(service: Service) -> str:
    stop = f"; a task stopped: {service.last_stop}" if service.last_stop else ""
    return f"ECS took the new workers back: {service.rollout_reason or service.describe()}{stop}"
