"""`wms-connector render`: write all templates to a directory, offline."""

import json
from pathlib import Path

import click

from connector.render import DEFAULT_GROUPS, render, write


@click.command("render")
@click.argument("stages", nargs=-1, metavar="[STAGE …]")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".rendered"),
    show_default=True,
    help="Directory to write to, as DIR/<stage>/<component>.json.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the paths written, with sizes, as JSON.")
def render_command(stages: tuple[str, ...], out: Path, *, as_json: bool) -> None:
    """Write the CloudFormation templates of STAGE …, offline.

    Needs no AWS and no credentials; secrets are stand-ins. Without a stage: foundation, main, val,
    production and default.
    """
    sizes = {str(path): path.stat().st_size for path in write(render(stages or DEFAULT_GROUPS), out)}
    if as_json:
        click.echo(json.dumps({"templates": [{"path": p, "bytes": n} for p, n in sizes.items()]}))
        return
    for path, size in sizes.items():
        click.echo(f"{path}  {size} bytes")
