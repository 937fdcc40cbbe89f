"""Changes of a stage's settings that cannot be undone: named before they happen, made only when confirmed.

Pure. What is lost is what consumers have on the topics: the order of a row's changes, records, their form.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.domain.capture.config import CLASS_KEY, JDBC_CLASS
from connector.domain.capture.envelope import kept_envelope
from connector.domain.errors import OperatorError
from connector.domain.stage.record import StageRecord
from connector.domain.stage.topic_plan import loses
from connector.domain.stage.topics import JDBC_TOPICS, Catalogue, TopicSpec

#: The setting in a stage's config.yaml that confirms changes, each by its name.
SETTING = "confirmed_changes"

#: Of the topics' own settings that a launch may put back: setting of Kafka -> by which name it is confirmed.
_KEEPING = {
    "retention.ms": "data_retention_days",
    "retention.bytes": "retention.bytes",
    "cleanup.policy": "cleanup.policy",
}
_SETTINGS = "|".join(
    map(re.escape, ("data_partitions", *_KEEPING.values(), "kind", "envelope", "jdbc_topics"))
)
_NAME = re.compile(rf"(?:{_SETTINGS}) [\w.,]+->[\w.,]+")
_EXAMPLE = '["data_partitions 1->5"]'
_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class GuardedChange:
    """One change: the setting, its value as it is and as it will be, and what that means."""

    setting: str
    before: str
    after: str
    effect: str
    #: Whether topics have records that the change is about: without any, nothing is lost.
    loses: bool = True

    @property
    def name(self) -> str:
        """By which it is confirmed. Both values are part of it, so that it confirms no later change."""
        return f"{self.setting} {self.before}->{self.after}"

    def describe(self) -> str:
        """In one line."""
        return (
            f"{self.name}: {self.effect if self.loses else 'no topic has a record yet, so nothing is lost'}"
        )


def parse_confirmed(value: object) -> tuple[str, ...]:
    """The names in the setting `confirmed_changes`; raises `OperatorError` for anything else."""
    if value in (None, ""):
        return ()
    if not isinstance(value, list):
        raise OperatorError(f"setting {SETTING} {value!r} is not a list; expected a list like {_EXAMPLE}")
    for entry in value:
        if not isinstance(entry, str) or not _NAME.fullmatch(entry):
            raise OperatorError(
                f"setting {SETTING}: {entry!r} names no change; expected what a launch names, as {_EXAMPLE}"
            )
    return tuple(value)


def unconfirmed(changes: Iterable[GuardedChange], confirmed: Collection[str]) -> tuple[GuardedChange, ...]:
    """The changes that lose something and are not confirmed."""
    return tuple(change for change in changes if change.loses and change.name not in confirmed)


def refusal(changes: Sequence[GuardedChange]) -> str:
    """Why these changes are not made, in one line with the next step."""
    names = ", ".join(f'"{change.name}"' for change in changes)
    return (
        f"{'; '.join(change.describe() for change in changes)}. Nothing of that was done. If it is "
        f"meant, launch on a terminal and answer the question, or set {SETTING}: [{names}] in the stage's "
        "config.yaml; else take the setting back"
    )


def topic_changes(
    specs: Iterable[TopicSpec],
    partitions: Mapping[str, int],
    configs: Mapping[str, Mapping[str, str]],
    filled: Collection[str],
) -> tuple[GuardedChange, ...]:
    """What a launch would do to data topics that exist; `filled` are the topics that have records."""
    growing: dict[tuple[int, int], list[str]] = {}
    shortened: dict[tuple[str, str, str], list[str]] = {}
    for spec in specs:
        have = partitions.get(spec.name)
        if have is None or not spec.role.startswith("data"):
            continue
        if have < spec.partitions:
            growing.setdefault((have, spec.partitions), []).append(spec.name)
        kept = configs.get(spec.name, {})
        for key, wanted in spec.configs.items():
            if loses(key, kept.get(key), wanted):
                change = _KEEPING[key], _shown(key, kept[key]), _shown(key, wanted)
                shortened.setdefault(change, []).append(spec.name)
    order = "later changes of a row go to another partition than its earlier ones, so their order is lost"
    return (
        *(
            GuardedChange(
                "data_partitions",
                str(before),
                str(after),
                f"{order}, and Kafka cannot take partitions away ({', '.join(topics)})",
                any(topic in filled for topic in topics),
            )
            for (before, after), topics in growing.items()
        ),
        *(
            GuardedChange(
                setting,
                before,
                after,
                f"older records are deleted, also those that a consumer has not read ({', '.join(topics)})",
                any(topic in filled for topic in topics),
            )
            for (setting, before, after), topics in shortened.items()
        ),
    )


def current_data(
    record: StageRecord | None, catalogue: Catalogue, stored: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The data topics that the last registration was for; none of a stage that was never registered.

    A connector may live without a record: its launch failed after it was registered, or the record was lost.
    Then its config counts, which Connect has `stored`.
    """
    if record is None or not record.cluster_id:
        return () if stored is None else catalogue.roles[_role(stored, catalogue)]
    data = {name for role in ("data", *JDBC_TOPICS.values()) for name in catalogue.roles[role]}
    return tuple(name for name in record.topics if name in data)


def form_changes(
    record: StageRecord | None,
    catalogue: Catalogue,
    wanted: tuple[str, str, str],
    filled: Collection[str],
    stored: Mapping[str, str] | None = None,
) -> tuple[GuardedChange, ...]:
    """What changes for consumers; `wanted`: kind, jdbc_topics and envelope (empty: it stays)."""
    topics = current_data(record, catalogue, stored)
    if not topics:
        return ()
    kind, names, envelope = wanted
    loses = any(topic in filled for topic in topics)
    have_kind, have_names = _kind_of(topics, catalogue)
    found = []
    if kind != have_kind:
        effect = (
            "the connector writes other topics, in another form of record, from a position of its own; "
            f"nothing more comes on {', '.join(topics)}"
        )
        found.append(GuardedChange("kind", have_kind, kind, effect, loses))
    elif kind == "jdbc" and names != have_names:
        effect = f"nothing more comes on {', '.join(topics)}, and consumers must read other topics"
        found.append(GuardedChange("jdbc_topics", have_names, names, effect, loses))
    have = kept_envelope(record, stored)
    if envelope and envelope != have:
        effect = (
            "records from then on have another form than those before, on the same topics; consumers must "
            "read both"
        )
        found.append(GuardedChange("envelope", have, envelope, effect, loses))
    return tuple(found)


def _role(stored: Mapping[str, str], catalogue: Catalogue) -> str:
    """The role of the topics that a connector with this config writes."""
    if stored.get(CLASS_KEY) != JDBC_CLASS:
        return "data"
    return JDBC_TOPICS["bare" if stored.get("topic.prefix") == catalogue.jdbc_prefix else "schema"]


def _kind_of(topics: Sequence[str], catalogue: Catalogue) -> tuple[str, str]:
    """Kind and names that these data topics belong to."""
    for names, role in JDBC_TOPICS.items():
        if topics[0] in catalogue.roles[role]:
            return "jdbc", names
    return "debezium", ""


def _shown(key: str, value: str) -> str:
    """A value as a name has it: retention in days, as in the setting."""
    if value == "-1":
        return "unlimited"
    return f"{int(value) / _DAY_MS:g}" if key == "retention.ms" else value.replace(" ", "")
