"""The variables of the environment from which a suite takes credentials.

The runtimes of suites name them in the same way.
"""

import re
from collections.abc import Iterable

from casecraft.core.case import MissingScope
from casecraft.suites.suite import Entry


def credential_variable(scheme: str, whose: str = "own", missing: MissingScope | None = None) -> str:
    """The variable for the credentials for a scheme, by its name: `CASECRAFT_AUTH_OAUTH` for `oauth`,
    `CASECRAFT_FOREIGN_AUTH_OAUTH` where they are another user's, `CASECRAFT_AUTH_OAUTH_WITHOUT_PETS_READ` where they
    miss its scope `pets:read`.
    """
    ending = f"_without_{missing.scope}" if missing is not None and missing.scheme == scheme else ""
    prefix = "CASECRAFT_FOREIGN_AUTH_" if whose == "foreign" else "CASECRAFT_AUTH_"
    return prefix + re.sub(r"[^A-Za-z0-9]", "_", f"{scheme}{ending}").upper()


def own_variables(entries: Iterable[Entry]) -> list[str]:
    """Those for the tester's own credentials, for every scheme of a suite, sorted."""
    alternatives = (together for entry in entries for together in entry.result.endpoint.security)
    return sorted({credential_variable(scheme.name) for together in alternatives for scheme in together})


def scope_variables(entries: Iterable[Entry]) -> list[str]:
    """Those for the tester's own credentials without a scope, for every scope that a case goes without, sorted."""
    scopes = {case.request.without_scope for entry in entries for case in entry.result.cases}
    return sorted({credential_variable(missing.scheme, missing=missing) for missing in scopes if missing is not None})
