import re
from pathlib import Path

from casecraft.strategy import load_strategy
from tests.strategy.factories import endpoint, profile

DOCS = Path(__file__).parents[2] / "docs" / "strategies.md"


def test_strategy_of_the_documents_works(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    path = tmp_path / "my_strategy.py"
    path.write_text(code)
    assigned = load_strategy(str(path)).assign(
        [endpoint("GET /a"), endpoint("POST /a")], [profile("glm"), profile("qwen")]
    )
    assert assigned == {"GET /a": "glm", "POST /a": "qwen"}
