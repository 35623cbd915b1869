"""AWS: Signature Version 4, by botocore and with the credentials that AWS's own tools find."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from casecraft.errors import AuthenticationError, ProviderConfigurationError
from casecraft.providers.auth.packages import require
from casecraft.providers.auth.plain import NOTHING

# What is signed beside the host and the date. Proxies and clients may change other headers on the way.
SIGNED = frozenset({"content-type"})
SIGNED_PREFIX = "x-amz"
NO_REGION = "Set AWS_REGION, or a region in the profile that AWS_PROFILE names."
NO_CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; `aws login` renews a session."


class AwsAuth:
    """Signs requests to one service in one region, that of the profile where none is given.

    Credentials come from the environment, the profile, or the role of the machine, and are renewed as they expire.
    """

    query = NOTHING

    def __init__(self, service: str, region: str, *, provider: str) -> None:
        require("botocore", "aws", provider)
        self._service = service
        self._region = region
        self._provider = provider
        self._credentials: Any = None
        self._lock = threading.Lock()

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """The signature, with the date and the token of the session that it covers."""
        frozen = await asyncio.to_thread(self._current_credentials)
        return self._sign(frozen, method, url, headers, body)

    def _current_credentials(self) -> Any:
        """The credentials as they are now. It may ask other services for them, and so is not for the event loop."""
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials = self._load()
                return self._credentials.get_frozen_credentials()
            except BotoCoreError as error:
                kind = type(error).__name__
                message = f"provider {self._provider!r} has AWS credentials that cannot be used ({kind})"
                raise AuthenticationError(message, provider=self._provider, hint=NO_CREDENTIALS) from error

    def _load(self) -> Any:
        from botocore.session import Session  # noqa: PLC0415

        session = Session()
        self._region = self._region or session.get_config_variable("region") or ""
        if not self._region:
            raise self._wrong("has no AWS region", NO_REGION)
        credentials = session.get_credentials()
        if credentials is None:
            raise self._wrong("finds no AWS credentials", NO_CREDENTIALS)
        return credentials

    def _sign(
        self, credentials: Any, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Mapping[str, str]:
        from botocore.auth import SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        signed = {name: value for name, value in headers.items() if _is_signed(name.lower())}
        request = AWSRequest(method=method, url=url, headers=signed, data=body)
        SigV4Auth(credentials, self._service, self._region).add_auth(request)
        return {name: value for name, value in request.headers.items() if name not in signed}

    def _wrong(self, says: str, hint: str) -> ProviderConfigurationError:
        return ProviderConfigurationError(f"provider {self._provider!r} {says}", provider=self._provider, hint=hint)


def _is_signed(name: str) -> bool:
    return name in SIGNED or name.startswith(SIGNED_PREFIX)
