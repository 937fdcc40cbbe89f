"""What may be observed of a stage: one that is well, and anything for property tests."""

from hypothesis import strategies as st

from connector.domain.health.budget import Budget
from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.observation import (
    BrokerReading,
    ConnectorStatus,
    Observation,
    Service,
    Source,
    TaskStatus,
)
from connector.domain.health.scn import Position, Reading, ScnMemory
from connector.domain.health.state import HealthState, Incident
from connector.domain.stage.record import StageRecord

#: The moment of the observation, in seconds since 1970.
NOW = 1_800_000_000.0

SERVICE_OF_WELL = Service("s", 1, 1, 0, "d", "COMPLETED")
RECORD_OF_WELL = StageRecord("main", "c", "0", (), "h", {"wms/main/dbInfo": "v1"})
#: A registered stage of which every check passes.
WELL = Observation(
    service=SERVICE_OF_WELL,
    connect_answers="",
    connector=ConnectorStatus("RUNNING", "w", tasks=(TaskStatus(0, "RUNNING", "127.0.0.9:8083"),)),
    source=Source(streaming=True, seconds_behind_source=1.0, seconds_since_last_event=2.0),
    database={"127.0.0.8:1521": ""},
    brokers=BrokerReading(newest=NOW - 3),
    record=RECORD_OF_WELL,
    secret_versions={"wms/main/dbInfo": "v1"},
    budget=Budget(),
    health_state=HealthState(),
)

reasons = st.sampled_from(["", "connection refused"])
traces = st.sampled_from(["", "x.E: y\nCaused by: z.F: ORA-01017: no", "x.E: y\nCaused by: z.F: Broken pipe"])
states = st.sampled_from(["RUNNING", "FAILED", "PAUSED", "STOPPED", "UNASSIGNED", "RESTARTING"])
moments = st.none() | st.floats(0, 2e9)
seconds = st.none() | st.floats(0, 1e6)
services = st.builds(
    Service,
    st.just("s"),
    st.integers(0, 2),
    st.integers(0, 2),
    st.just(0),
    st.just("d"),
    st.sampled_from(["", "FAILED", "COMPLETED", "IN_PROGRESS"]),
)
tasks = st.builds(TaskStatus, st.integers(0, 2), states, st.just("127.0.0.9:8083"), traces)
connectors = st.builds(ConnectorStatus, states, st.just("w"), traces, st.lists(tasks, max_size=2).map(tuple))
scns = st.integers(1, 50)
past = st.integers(0, int(NOW))
readings = st.builds(Reading, scns, st.none() | past, past)
memories = st.builds(
    ScnMemory,
    st.lists(readings, max_size=4, unique_by=lambda each: each.scn).map(
        lambda found: tuple(sorted(found, key=lambda each: each.scn))
    ),
    st.none() | st.tuples(past, scns),
    st.none() | st.tuples(past, scns),
)
positions = st.builds(Position, st.none() | scns, st.booleans())
sources = st.builds(
    Source,
    st.none() | st.booleans(),
    st.booleans(),
    st.integers(0, 4),
    seconds,
    seconds,
    st.none() | scns,
    seconds,
)
records = st.builds(
    StageRecord,
    *map(st.just, ("main", "c", "0", ())),
    st.sampled_from(["h", "other"]),
    st.dictionaries(st.just("wms/main/dbInfo"), st.sampled_from(["v1", "v2"])),
    retiring=st.booleans(),
)
health_states = st.builds(
    HealthState,
    unknown_since=st.none() | st.integers(int(NOW) - 90, int(NOW)),
    idle_since=st.none() | st.integers(int(NOW) - 90, int(NOW)),
    scn=memories,
    incident=st.none() | st.just(Incident(1_800_000_000, "DbTcpUnreachable")),
)
probes = st.sampled_from(["secrets", "service", "connector", "source", "record", "brokers", "position"])
observations = st.builds(
    Observation,
    service=st.none() | services,
    no_service=st.sampled_from(["", "there is no ECS service"]),
    connect_answers=st.none() | reasons,
    connector=st.none() | connectors,
    source=st.none() | sources,
    scn_sightings=st.lists(st.tuples(st.just(NOW - 2), scns), max_size=2).map(tuple),
    snapshot_since=st.none() | st.floats(0, NOW),
    position=st.none() | positions,
    log_message=traces,
    log_unread=st.booleans(),
    database=st.dictionaries(st.sampled_from(["a:1", "b:2"]), reasons),
    brokers=st.none()
    | st.builds(BrokerReading, reasons, moments, moments, st.sampled_from([(), ("wms.heartbeat",)])),
    record=st.none() | records,
    secret_versions=st.dictionaries(st.just("wms/main/dbInfo"), st.just("v1")),
    budget=st.none() | st.just(Budget()),
    health_state=st.none() | health_states,
    desired_count=st.integers(0, 1),
    drifted_keys=st.none() | st.sampled_from([(), ("tasks.max",)]),
    halt=st.sampled_from([Halt(), *(Halt(by=by, at=int(NOW) - 600) for by in HaltedBy)]),
    probe_errors=st.dictionaries(probes, st.just("no answer within 6 s")),
)
