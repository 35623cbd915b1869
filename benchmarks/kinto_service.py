"""Serves kinto from memory, its own branches measured. Runs in kinto's environment.

    python -m benchmarks.kinto_service REPORT

It prints the port when it listens. Ended with SIGTERM, it writes to REPORT what was answered, and how many branches of
kinto ran: those of the start and of reading its own document are counted apart.
"""

import io
import json
import logging
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import coverage

from benchmarks.traffic import Traffic, count_wsgi

Branch = tuple[str, int, int]

BASE = "/v1"
SETTINGS = {
    "storage_backend": "kinto.core.storage.memory",
    "cache_backend": "kinto.core.cache.memory",
    "permission_backend": "kinto.core.permission.memory",
    "includes": "kinto.plugins.default_bucket kinto.plugins.admin kinto.plugins.accounts",
    "userid_hmac_secret": "benchmark",
    "default_bucket_hmac_secret": "benchmark",
    "multiauth.policies": "account",
    "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
    "account_create_principals": "system.Everyone",
    "account_write_principals": "account:admin",
    "bucket_create_principals": "system.Everyone",
}
"""What `kinto init` writes, with storage in memory, but that everyone may make buckets: nobody needs an account. The
document declares no credentials then, and no client gets any.
"""


def main(report: str) -> None:
    warnings.simplefilter("ignore")
    measured = coverage.Coverage(branch=True, source_pkgs=["kinto"], data_file=None, config_file=False)
    measured.start()
    import kinto
    import waitress

    app = kinto.main({}, None, **SETTINGS)
    logging.disable(logging.CRITICAL)
    document = json.loads(read(app, f"{BASE}/__api__"))
    at_start = list_branches(measured)
    traffic = Traffic(document, BASE)
    server = waitress.create_server(count_wsgi(app, traffic), host="127.0.0.1", port=0, threads=4)
    signal.signal(signal.SIGTERM, stop)
    print(server.effective_port, flush=True)
    try:
        server.run()
    except SystemExit:
        server.close()
    measured.stop()
    branches = sorted(list_branches(measured) - at_start)
    traffic.write(Path(report), branches=branches, branches_at_start=len(at_start))


def stop(*_: Any) -> None:
    raise SystemExit


def read(app: Callable[..., Iterable[bytes]], path: str) -> bytes:
    """What the application answers to one GET, without a server."""
    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
        "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    return b"".join(app(environ, lambda *_: None))


def list_branches(measured: coverage.Coverage) -> set[Branch]:
    """The branches of kinto that have run until now: file, line, line to which it went."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(path))
        files: dict[str, Any] = json.loads(path.read_bytes())["files"]
    return {(name, here, there) for name, file in files.items() for here, there in file["executed_branches"]}


if __name__ == "__main__":
    main(sys.argv[1])
