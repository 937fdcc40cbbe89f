"""Stages that try to break things, for property-based tests."""

from hypothesis import strategies as st

from connector.domain.stage import topics
from connector.domain.stage.stage import NAMED_STAGES, RESERVED_STAGES, Stage, refusal, slug

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

BARE_NAMES = tuple(
    dict.fromkeys(
        [
            *(name for stage in NAMED_STAGES for name in Stage(stage).topics),
            *(group for stage in NAMED_STAGES for group in Stage(stage).topics.groups),
            *topics.BROKER_TOPICS,
        ]
    )
)

#: What stage names are made of when they want to be taken for something else.
FRAGMENTS = (
    *NAMED_STAGES,
    *RESERVED_STAGES,
    *("wms", "aws", "mgmt", "connect", "MMDL", "WMS", "cdc", "PLAN_BASE_WVR_TBL", "schema-changes"),
    *("heartbeat", "signal", "config", "wms-connector-main", "consumer_offsets", "example", "x", "0"),
    *("0123456789", "deadbeef00", "a" * 33, "a" * 34, "Z" * 64),
    *(".", "_", "-", "..", "__", "--"),
)

_free = st.text(ALPHABET, min_size=1, max_size=64)
_made = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=6).map(lambda parts: "".join(parts)[:64])
_joined = st.tuples(st.sampled_from("._-"), st.lists(st.sampled_from(FRAGMENTS), min_size=2, max_size=4)).map(
    lambda made: made[0].join(made[1])[:64]
)
_short = st.text("aA0._-", min_size=1, max_size=4)
_cut_from_bare = st.tuples(st.sampled_from(BARE_NAMES), st.integers(1, 64)).map(
    lambda cut: cut[0][: min(cut[1], len(cut[0]))]
)
_slugs = _free.map(slug)

#: Every text of the stage alphabet that has the right length, the nasty ones often.
texts = st.one_of(_free, _made, _joined, _short, _cut_from_bare, _slugs)

#: Stages that the rule admits.
stages = texts.filter(lambda text: refusal(text) is None).map(Stage)
ephemeral_stages = stages.filter(lambda stage: stage.ephemeral)


@st.composite
def relatives(draw: st.DrawFn, text: str) -> str:
    """A text that is easily confused with `text`."""
    other = draw(texts)
    made: str = draw(
        st.sampled_from(
            [
                slug(text),
                slug(slug(text)),
                text.swapcase(),
                text.lower(),
                text.replace(".", "_"),
                text.replace("_", "-"),
                text.replace("-", "."),
                f"{text}.{other}",
                f"{text}-{other}",
                f"{other}.{text}",
                f"{text}.wms",
                f"{text}-state",
                text[:-1],
                text + "-",
                other,
            ]
        )
    )
    return made[:64]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Stage, Stage]:
    """Two different stages, often hard to tell apart."""
    one = draw(stages)
    other = draw(
        relatives(one.name).filter(lambda text: text != one.name and refusal(text) is None).map(Stage)
    )
    return one, other
