"""The headroom against the truth: a database that writes, archives and deletes its logs in simulated time."""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.headroom import Headroom, judged, remembered
from connector.domain.health.observation import Observation
from connector.domain.health.scn import Position
from connector.domain.health.state import HealthState
from connector.domain.health.verdict import decide
from tests.support.simulated_clock import SimulatedClock

HOURS = 2
KEPT = HOURS * 3600.0
#: How long a check looks at most whether the SCN moves, in seconds.
LOOK = 8
SETTINGS = ConnectorSettings(archived_log_hours=HOURS)


@dataclass
class Database:
    """It writes redo at changing rates, switches logs, and deletes each one `KEPT` seconds after its switch.

    Nothing here knows how the product computes: a moment has an SCN, and a log holds the SCNs of its moments.
    """

    #: From when on, at which SCN, and how fast: a log switch is a change too.
    pieces: list[tuple[float, float, float]] = field(default_factory=lambda: [(0.0, 1000.0, 1.0)])
    switches: list[float] = field(default_factory=list)

    def scn(self, at: float) -> int:
        began, scn, rate = self.pieces[bisect_right(self.pieces, at, key=lambda piece: piece[0]) - 1]
        return int(scn + (at - began) * rate)

    def change(self, at: float, rate: float, *, switch: bool) -> None:
        began, scn, before = self.pieces[-1]
        self.pieces.append((at, scn + (at - began) * before + switch, rate))
        if switch:
            self.switches.append(at)

    def passed(self, scn: int, now: float) -> float:
        """When the first change after `scn` was made; infinite if none was until now."""
        if self.scn(now) <= scn:
            return math.inf
        began, first, rate = next(piece for piece in reversed(self.pieces) if piece[1] < scn + 1)
        return min(
            [began + (scn + 1 - first) / rate, *(at for at, first, _ in self.pieces if first >= scn + 1)]
        )

    def deleted(self, scn: int, now: float) -> float:
        """When the log that holds `scn` is deleted; infinite while it is the current one."""
        switch = bisect_left(self.switches, self.passed(scn, now) - 1e-6)
        return self.switches[switch] + KEPT if switch < len(self.switches) else math.inf


@dataclass(frozen=True)
class Step:
    """What happens until the next check, and what the connector is doing then."""

    seconds: int
    #: SCNs for each second from its middle on; a quiet database has one in three seconds.
    rate: float
    #: Whether the log is switched in its middle.
    switch: bool
    #: `reads`: an iteration each second or so; `hangs`: in one that began a while ago; `absent`: no MBean.
    connector: str
    #: How long an iteration takes, or after which share of the step one begins to hang.
    pace: float
    #: How far it reads on, as a share of what it has not read.
    share: float


steps = st.builds(
    Step,
    st.integers(60, 1200),
    st.floats(0.34, 5000),
    st.booleans(),
    st.sampled_from(["reads", "reads", "reads", "hangs", "absent"]),
    st.floats(0, 1),
    st.sampled_from([0.0, 0.0, 0.01, 0.5, 1.0]),
)
reading_steps = st.builds(
    Step,
    st.just(600),
    st.floats(1, 5000),
    st.booleans(),
    st.just("reads"),
    st.floats(0, 1),
    st.sampled_from([0.0, 0.0, 0.01, 0.5, 1.0]),
)


@dataclass
class History:
    """A stage that is checked from time to time; what is remembered goes through the table's item."""

    clock: SimulatedClock = field(default_factory=SimulatedClock)
    database: Database = field(default_factory=Database)
    state: HealthState = field(default_factory=HealthState)
    #: Until when the connector has read, and when its iteration began.
    read: float = 0.0
    asked: float = 0.0
    hangs_from: float = 0.0
    #: The position that the last check has read.
    position: int = 0
    #: When a check began to look, and saw the SCN move.
    looks: list[float] = field(default_factory=list)

    def run(self, step: Step) -> Headroom:
        """The step, then a check; in the middle an operator asks for the status."""
        self.hangs_from = self.clock.time + step.seconds * step.pace
        self.clock.sleep(step.seconds / 2)
        self.database.change(self.clock.time, step.rate, switch=step.switch)
        self.holds(self.observed(step, watch=False))
        self.clock.sleep(step.seconds / 2)
        seen = self.observed(step, watch=True)
        room = self.holds(seen)
        memory = remembered(self.state, seen, self.clock.time)
        item = self.state.next(scn=memory).to_item()
        self.state = HealthState.from_item(item)
        assert self.state.scn == memory
        return room

    def observed(self, step: Step, *, watch: bool) -> Observation:
        self.connector_runs(step)
        scn = self.database.scn(self.read)
        sightings = []
        if step.connector != "absent":
            began = self.clock.time
            sightings.append((began, self.database.scn(self.asked)))
            if watch:
                self.clock.sleep(1 + step.pace * (LOOK - 1))
                self.connector_runs(step)
                sightings.append((self.clock.time, self.database.scn(self.asked)))
                if sightings[1][1] != sightings[0][1]:
                    self.looks.append(began)
                self.clock.sleep(step.pace)
        return Observation(
            position=Position(scn),
            scn_sightings=tuple(sightings),
            health_state=self.state,
            connect_answers="",
        )

    def connector_runs(self, step: Step) -> None:
        now = self.clock.time
        if step.connector == "reads":
            self.asked = now - step.pace
        elif step.connector == "hangs":
            self.asked = max(self.asked, min(now - 1, self.hangs_from))
        if step.connector != "absent":
            # It reads on in what it knows to exist.
            self.read += max(0.0, self.asked - self.read) * step.share

    def holds(self, seen: Observation) -> Headroom:
        """What must hold whenever somebody looks."""
        now = self.clock.time
        room = judged(seen, SETTINGS, now)
        assert room is not None
        assert seen.position is not None
        scn = seen.position.scn
        assert scn is not None
        self.position = scn
        left = self.database.deleted(scn, now) - now
        if room.minutes is not None:
            assert room.minutes * 60 <= left + 0.001, "it says that there is more time than there is"
        age = max(0.0, now - self.database.passed(scn, now))
        if room.at_most is not None:
            assert room.at_most * 60 >= KEPT - age - 1
        if room.shown is None or room.shown > 0:
            assert not room.gone
        verdict = decide(seen, SETTINGS, now)
        (found,) = [each for each in verdict.results if each.name == "ScnHeadroomMinutes"]
        assert (found.value is None) == (found.ok is None)
        return room


@settings(deadline=None, max_examples=60)
@given(st.lists(steps, min_size=1, max_size=15))
def test_for_any_history_the_figure_never_says_that_more_time_is_left_than_there_is(history: list[Step]):
    stage = History()
    for step in history:
        stage.run(step)


@settings(deadline=None, max_examples=60)
@given(st.lists(reading_steps, min_size=3, max_size=15))
def test_for_any_position_the_figure_is_too_small_by_one_check_at_most(history: list[Step]):
    """One check lasts from where it begins to look until the next one has looked."""
    stage = History()
    stage.read = 1.0
    for number, step in enumerate(history):
        room = stage.run(step)
        now, scn = stage.clock.time, stage.position
        # A position that was passed before anything was remembered has no bound.
        if number == 0 or scn < min(reading.scn for reading in stage.state.scn.readings):
            continue
        age = max(0.0, now - stage.database.passed(scn, now))
        assert room.minutes is not None
        assert room.minutes * 60 >= KEPT - age - step.seconds - 2 * LOOK - 2


@settings(deadline=None, max_examples=60)
@given(st.lists(steps, min_size=3, max_size=15))
def test_while_nobody_sees_the_scn_move_the_figure_is_too_small_by_that_time_too(history: list[Step]):
    stage = History()
    for step in history:
        room = stage.run(step)
        now, scn = stage.clock.time, stage.position
        if room.minutes is None or not stage.looks:
            continue
        age = max(0.0, now - stage.database.passed(scn, now))
        times = [0.0, *stage.looks, now]
        longest = max(later - sooner for sooner, later in pairwise(times))
        assert room.minutes * 60 >= KEPT - age - longest - 2 * LOOK - 2


def test_a_backlog_of_redo_without_a_change_of_the_tables_is_seen():
    """The connector reads and its lag is that of its last change; only the position falls behind."""
    stage = History()
    fast = Step(600, 50.0, switch=True, connector="reads", pace=0.5, share=1.0)
    for _ in range(3):
        stage.run(fast)
    stuck = Step(600, 5000.0, switch=True, connector="reads", pace=0.5, share=0.0)
    figures = [stage.run(stuck).minutes for _ in range(12)]
    assert all(
        later is not None and sooner is not None and 9 < sooner - later < 11
        for sooner, later in pairwise(figures)
    )
    assert figures[0] is not None
    assert figures[0] > 90
    assert figures[-1] is not None
    assert figures[-1] <= 0


def test_a_position_that_moves_more_slowly_than_time_is_seen():
    stage = History()
    for _ in range(3):
        stage.run(Step(600, 50.0, switch=True, connector="reads", pace=0.5, share=1.0))
    for _ in range(20):
        room = stage.run(Step(600, 50.0, switch=True, connector="reads", pace=0.5, share=0.05))
    assert room.minutes is not None
    assert room.minutes < 60
