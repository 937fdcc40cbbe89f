"""`wms-connector render`: write all templates to a directory, offline."""

from pathlib import Path

import click

from connector.commands.output import json_option, print_json
from connector.domain.errors import OperatorError
from connector.sceptre import render as rendering


@click.command("render")
@click.argument("stages", nargs=-1, metavar="[STAGE …]")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".rendered"),
    show_default=True,
    help="Directory to write to, as DIR/<stage>/<component>.json.",
)
@json_option
def render(stages: tuple[str, ...], out: Path, *, as_json: bool) -> None:
    """Write the CloudFormation templates of STAGE …, offline.

    Needs no AWS and no credentials; secrets are stand-ins. Without a stage: foundation, main, val,
    production and default.
    """
    rendered = rendering.render(stages)
    try:
        sizes = {str(path): path.stat().st_size for path in rendering.write(rendered, out)}
    except OSError as error:
        raise OperatorError(f"--out {out}: {error.strerror}; give a directory that can be written") from None
    if as_json:
        print_json({"templates": [{"path": path, "bytes": size} for path, size in sizes.items()]})
        return
    for path, size in sizes.items():
        click.echo(f"{path}  {size} bytes")
