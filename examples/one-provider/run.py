"""The same from Python. Needs a key in DASHSCOPE_API_KEY (or CASECRAFT_QWEN_API_KEY)."""

import os
from pathlib import Path

import casecraft
from casecraft.engine.events import Event, FellBack, JobCompleted


def show(event: Event) -> None:
    """Print what becomes of each endpoint."""
    match event:
        case JobCompleted(result):
            print(f"{result.endpoint.id}: {len(result.cases)} cases by {result.provider}")
        case FellBack(endpoint_id, provider, next_provider, reason):
            print(f"{endpoint_id}: {provider} could not answer ({reason}), now {next_provider}")
        case _:
            pass


os.chdir(Path(__file__).parent)
summary = casecraft.generate("../../specs/petstore.yaml", providers=["qwen"], on_event=show)

counts = summary.manifest["counts"]
print(f"{summary.status}: {counts['cases']} cases in {summary.suite}")
for provider, spent in summary.spending.items():
    print(f"{provider}: {spent.usage.input} + {spent.usage.output} tokens, {dict(spent.amounts)}")
