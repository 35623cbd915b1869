"""Schemathesis generates the cases of its coverage phase for a document and sends none. Runs among the peers.

The phase's engine takes its cases from `iter_coverage_cases` of the schema, with the configuration of each operation;
so does this, with the defaults that `schemathesis run` has.
"""

import json
import sys
import time
import warnings

import schemathesis
from schemathesis.core.result import Ok

from benchmarks.load import read_peak


def main(path: str) -> None:
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    schema = schemathesis.openapi.from_path(path)
    loaded, cpu = time.perf_counter(), time.process_time()
    operations = cases = 0
    for result in schema.get_all_operations():
        if isinstance(result, Ok):
            operations += 1
            operation = result.ok()
            settings = schema.config.generation_for(operation=operation, phase="coverage")
            made = schema.iter_coverage_cases(operation, generation_modes=settings.modes, generation_config=settings)
            cases += sum(1 for _ in made)
    spent = {
        "load": loaded - started,
        "generate": time.perf_counter() - loaded,
        "generate_cpu": time.process_time() - cpu,
        "megabytes": read_peak(),
    }
    print(json.dumps({"operations": operations, "cases": cases, **spent}))


if __name__ == "__main__":
    main(sys.argv[1])
