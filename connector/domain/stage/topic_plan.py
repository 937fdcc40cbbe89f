"""The changes that make a stage's topics match its catalogue. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.domain.stage.topics import TopicSpec


@dataclass(frozen=True)
class TopicPlan:
    """Topics to create, configs to set and partitions to add; what cannot be changed is in `wrong`."""

    create: Sequence[TopicSpec] = ()
    alter: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    grow: Mapping[str, int] = field(default_factory=dict)
    as_wanted: Sequence[str] = ()
    wrong: Sequence[str] = ()
    #: Topic -> partitions it has, partitions wanted: it has more, and Kafka cannot take them away.
    surplus: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    #: Every topic that was compared.
    wanted: Sequence[str] = ()

    @property
    def different(self) -> Mapping[str, str]:
        """Topic -> how it differs from what is wanted, as a text."""
        return {
            **{topic: f"has other settings: {', '.join(sorted(keys))}" for topic, keys in self.alter.items()},
            **{topic: f"has fewer than {total} partitions" for topic, total in self.grow.items()},
        }

    def described(
        self, partitions: Mapping[str, int], configs: Mapping[str, Mapping[str, str]]
    ) -> dict[str, str]:
        """Topic -> what carrying the plan out would do to it; `partitions` and `configs`: what there is."""
        found = {spec.name: f"created, partitions {spec.partitions}" for spec in self.create}
        changes: dict[str, list[str]] = {}
        for topic, keys in self.alter.items():
            have = configs.get(topic, {})
            changes[topic] = [f"{key} {have.get(key, 'unset')} -> {keys[key]}" for key in sorted(keys)]
        for topic, total in self.grow.items():
            changes.setdefault(topic, []).append(f"partitions {partitions.get(topic)} -> {total}")
        return found | {topic: ", ".join(each) for topic, each in changes.items()}

    def losing(self, configs: Mapping[str, Mapping[str, str]], data: Collection[str]) -> tuple[str, ...]:
        """Of the topics `data`, those that the plan would make lose records, each with the change."""
        found = []
        for topic, wanted in self.alter.items():
            if topic not in data:
                continue
            have = configs.get(topic, {})
            found += [
                f"topic {topic} has {key} {have.get(key)}, and {value} is wanted, which deletes records"
                for key, value in sorted(wanted.items())
                if loses(key, have.get(key), value)
            ]
        return tuple(found)

    @property
    def changes(self) -> bool:
        """Whether anything has to be done."""
        return bool(self.create or self.alter or self.grow)

    def summary(self) -> str:
        """What is done, as a text: `5 created, 3 as wanted`."""
        counts = (
            (len(self.create), "created"),
            (len({*self.alter, *self.grow}), "changed"),
            (len(self.as_wanted), "as wanted"),
            (len(self.surplus), "with more partitions than wanted, which Kafka cannot take away"),
        )
        return ", ".join(f"{count} {word}" for count, word in counts if count) or "the stage has no topics"


def loses(key: str, have: str | None, wanted: str) -> bool:
    """Whether records are deleted that a topic keeps now. -1 is without a limit."""
    if have is None or have == wanted:
        return False
    if key == "cleanup.policy":
        return True
    if key not in ("retention.ms", "retention.bytes") or wanted == "-1":
        return False
    return have == "-1" or (have.isdigit() and wanted.isdigit() and int(wanted) < int(have))


def plan_topics(
    specs: Iterable[TopicSpec],
    partitions: Mapping[str, int],
    configs: Mapping[str, Mapping[str, str]],
) -> TopicPlan:
    """Compare what is wanted with what there is; `partitions` holds existing topics only."""
    specs = tuple(specs)
    create, as_wanted, wrong = [], [], []
    alter: dict[str, Mapping[str, str]] = {}
    grow: dict[str, int] = {}
    surplus: dict[str, tuple[int, int]] = {}
    for spec in specs:
        have = partitions.get(spec.name)
        if have is None:
            create.append(spec)
            continue
        if have > spec.partitions and spec.exact_partitions:
            wrong.append(
                f"topic {spec.name} has {have} partitions but must have {spec.partitions} (its readers "
                "read only the first), and Kafka cannot remove partitions; delete the topic once it is unused"
            )
            continue
        different = {
            key: value for key, value in spec.configs.items() if configs.get(spec.name, {}).get(key) != value
        }
        if different:
            alter[spec.name] = different
        if have < spec.partitions:
            grow[spec.name] = spec.partitions
        if have > spec.partitions:
            surplus[spec.name] = have, spec.partitions
        elif not different and have == spec.partitions:
            as_wanted.append(spec.name)
    return TopicPlan(create, alter, grow, as_wanted, wrong, surplus, [spec.name for spec in specs])
