"""The templates that the gates read besides those of `make render`: those of other settings."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connector.sceptre.render import StandIns, render, write

_ROOT = Path(__file__).resolve().parents[2]

_MSK = "arn:aws:kafka:us-east-1:123456789012:cluster/bigmac/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f-7"
_AUTHORITY = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/0a1b2c3d"


@dataclass(frozen=True)
class Variant:
    """A stage of `config/` with other secrets (`stand_ins`) or settings (`lines` of its config.yaml)."""

    group: str
    stand_ins: StandIns = field(default_factory=StandIns)
    lines: str = ""


#: Settings and secrets that bring resources or statements of their own. `default` is an ephemeral stage.
VARIANTS: Mapping[str, Variant] = {
    "main+alb": Variant("main", StandIns(alb_tls={"certificate_authority_arn": _AUTHORITY})),
    "default+alb": Variant("default", StandIns(alb_tls={"certificate_authority_arn": _AUTHORITY})),
    "main+scram": Variant("main", StandIns(kafka_auth="scram")),
    "main+iam": Variant("main", lines=f"kafka_auth: iam\nmsk_cluster_arn: {_MSK}\n"),
    "default+iam": Variant("default", lines=f"kafka_auth: iam\nmsk_cluster_arn: {_MSK}\n"),
}


def write_variants(out: Path) -> Iterator[Path]:
    """Write what `config/` does not render yet as `out/<variant>/<component>.json`, yielding each path."""
    for name, variant in VARIANTS.items():
        with tempfile.TemporaryDirectory() as place:
            project = Path(place)
            shutil.copytree(_ROOT / "config", project / "config", symlinks=True)
            (project / "templates").symlink_to(_ROOT / "templates")
            with (project / "config" / variant.group / "config.yaml").open("a", encoding="utf-8") as file:
                file.write(f"\n{variant.lines}")
            found = render([variant.group], project=project, stand_ins=variant.stand_ins)[variant.group]
        known = {path.read_text(encoding="utf-8") for path in (out / variant.group).glob("*.json")}
        new = {component: text for component, text in found.items() if f"{text}\n" not in known}
        yield from write({name: new}, out)


def read_all(directory: Path) -> dict[str, str]:
    """`<stage>/<component>.json` -> text of every template below a directory."""
    found = {
        str(path.relative_to(directory)): path.read_text(encoding="utf-8")
        for path in sorted(directory.glob("*/*.json"))
    }
    if not found:
        raise SystemExit(f"{directory} holds no template; run `make render`")
    return found
