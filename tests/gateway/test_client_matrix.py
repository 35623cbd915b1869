"""Every SDK with every vendor behind the gateway: each feature works, or fails in the way that the table says."""

import pytest

from tests.gateway.features import ASKS, FEATURES
from tests.gateway.matrix import CELLS, verdict
from tests.gateway.stage import Cell, Stage, provider_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("client", "vendor", "feature"), CELLS)
def test_a_feature_works_or_is_refused_as_the_table_says(stage: Stage, client: str, vendor: str, feature: str) -> None:
    cell = Cell(stage, stage.clients[client], client, vendor, provider_of(vendor))
    expected = verdict(client, vendor, feature)
    if expected.kind == "refused":
        told = cell.fail(ASKS[feature])
        assert told.status == 400
        assert expected.word in told.message
    else:
        FEATURES[feature](cell)
