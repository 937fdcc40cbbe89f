"""The changes that make a stage's topics match its catalogue. Pure."""

from collections.abc import Iterable, Mapping, Sequence
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
    #: Every topic that was compared.
    wanted: Sequence[str] = ()

    @property
    def different(self) -> Mapping[str, str]:
        """Topic -> how it differs from what is wanted, as a text."""
        return {
            **{topic: f"has other settings: {', '.join(sorted(keys))}" for topic, keys in self.alter.items()},
            **{topic: f"has fewer than {total} partitions" for topic, total in self.grow.items()},
        }

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
        )
        return ", ".join(f"{count} {word}" for count, word in counts if count) or "the stage has no topics"


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
        if not different and have >= spec.partitions:
            as_wanted.append(spec.name)
    return TopicPlan(create, alter, grow, as_wanted, wrong, [spec.name for spec in specs])
