"""The templates of the real config, as reviewed; and a few of other kinds of stage."""

import pytest

from tests.conftest import Golden
from tests.support.rendered_config import rendered
from tests.templates.support import ALB_TLS, text

RENDERED = rendered()


@pytest.mark.parametrize(
    ("stage", "component"), [(stage, name) for stage, found in RENDERED.items() for name in found]
)
def test_the_template_is_the_reviewed_one(golden: Golden, stage: str, component: str):
    golden(f"{stage}/{component}.json", RENDERED[stage][component] + "\n")


@pytest.mark.parametrize(
    ("component", "auth"),
    [("connector", "iam"), ("functions", "iam"), ("connector", "scram"), ("network", "scram")],
)
def test_an_ephemeral_stages_template_is_the_reviewed_one(golden: Golden, component: str, auth: str):
    golden(f"feature.x-{auth}/{component}.json", text(component, "feature.x", auth) + "\n")


def test_a_load_balancers_template_is_the_reviewed_one(golden: Golden):
    golden("feature.x-alb/network.json", text("network", "feature.x", alb_tls=ALB_TLS) + "\n")
