"""cfn-lint has nothing to say: the rules, errors and warnings, that its command applies.

`make check` lints what config/ renders. Here are the templates of settings that config/ does not have.
"""

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]

from tests.templates.support import ALB_TLS, HANDLERS, LONGEST, text

# What runs here is cfn-lint; the golden tests render the same templates.
pytestmark = pytest.mark.no_cover

#: Templates that differ in more than names from those of the real config.
OTHERS = {
    f"{component}-{auth}": text(component, stage, auth)
    for component, stage, auth in [
        *((component, LONGEST, "iam") for component in HANDLERS if component != "foundation"),
        ("connector", "feature.x", "scram"),
    ]
} | {f"{component}-alb": text(component, LONGEST, alb_tls=ALB_TLS) for component in ("network", "functions")}


@pytest.mark.parametrize("name", OTHERS)
def test_the_template_has_no_findings(name: str):
    assert [str(match) for match in lint(OTHERS[name])] == []


def test_a_broken_template_does_have_findings():
    """Security groups take no apostrophe in a description: found by rule E3031."""
    broken = OTHERS["network-alb"].replace("ports of the Connect worker", "the worker's ports")
    assert broken != OTHERS["network-alb"]
    assert lint(broken)
