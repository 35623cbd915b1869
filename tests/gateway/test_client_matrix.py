"""Every SDK with every vendor behind the gateway: each feature works, or fails in the way that the table says."""

import pytest

from tests.gateway.features import FEATURES
from tests.gateway.stage import CLIENTS, Cell, Stage, provider_of
from tests.gateway.upstream import VENDORS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_feature_works_or_the_table_says_why_not(stage: Stage, client: str, vendor: str, feature: str) -> None:
    cell = Cell(stage, stage.clients[client], client, vendor, provider_of(vendor))
    FEATURES[feature](cell)
