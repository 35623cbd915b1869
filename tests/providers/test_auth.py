"""Who a request says it is from: keys, AWS signatures, tokens of Google and Entra."""

import asyncio
import datetime as dt
import hashlib
import hmac
import logging
import os
import subprocess
import sys
import threading
from urllib.parse import quote, urlsplit

import botocore.auth
import botocore.session
import google.auth
import google.auth.credentials
import google.auth.exceptions
import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AzureCliCredential, ChainedTokenCredential, CredentialUnavailableError, EnvironmentCredential
from botocore.awsrequest import AWSResponse
from pydantic import SecretStr

import casecraft
from casecraft import errors
from casecraft.core.chat import ChatRequest, Message
from casecraft.providers.auth import auth_of
from casecraft.providers.auth.aws import AwsAuth
from casecraft.providers.auth.azure import EntraAuth
from casecraft.providers.auth.google import GoogleAuth
from casecraft.providers.catalog.row import Auth as RowAuth
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import row_of
from tests.providers.test_row_requests import Refusing

KEY = SecretStr("sk-very-secret")
URL = "https://example.com/v1/chat"
AWS_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION")


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch, tmp_path):
    """Credentials of this machine, and asking others for them, are out of the tests."""
    for name in (*AWS_VARIABLES, "AWS_DEFAULT_REGION", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


def of(key: SecretStr | None = KEY, region: str = "us-east-1", **row):
    return auth_of(RowAuth(**row), key, provider="p", region=region)


async def headers_of(auth, url: str = URL, body: bytes = b"{}", method: str = "POST", **headers: str):
    return await auth.headers(method, url, headers, body)


@pytest.mark.parametrize(
    ("row", "headers", "query"),
    [
        ({}, {"Authorization": "Bearer sk-very-secret"}, {}),
        ({"scheme": "header", "name": "x-api-key"}, {"x-api-key": "sk-very-secret"}, {}),
        ({"scheme": "query", "name": "key"}, {}, {"key": "sk-very-secret"}),
        ({"scheme": "none"}, {}, {}),
        ({"scheme": "azure"}, {"api-key": "sk-very-secret"}, {}),
        ({"scheme": "google"}, {"x-goog-api-key": "sk-very-secret"}, {}),
        ({"scheme": "aws", "service": "bedrock"}, {"Authorization": "Bearer sk-very-secret"}, {}),
    ],
)
async def test_a_key_goes_where_the_row_says(row, headers, query) -> None:
    auth = of(**row)
    assert await headers_of(auth) == headers
    assert auth.query == query
    assert "secret" not in f"{auth!r}{auth}"


@pytest.mark.parametrize("row", [{}, {"scheme": "header", "name": "x"}, {"scheme": "query", "name": "x"}])
async def test_without_a_key_nothing_is_sent(row) -> None:
    auth = of(None, **row)
    assert (await headers_of(auth), auth.query) == ({}, {})


@pytest.mark.parametrize("row", [{"scheme": "header"}, {"scheme": "query"}, {"scheme": "aws"}])
def test_a_row_that_lacks_a_name_is_wrong(row) -> None:
    with pytest.raises(errors.ProviderConfigurationError, match="'p'"):
        of(**row)


@pytest.mark.parametrize(
    ("row", "package", "extra"),
    [
        ({"scheme": "aws", "service": "bedrock"}, "botocore", "aws"),
        ({"scheme": "google"}, "google.auth", "google"),
        ({"scheme": "google"}, "google", "google"),
        ({"scheme": "azure"}, "azure.identity", "azure"),
    ],
)
def test_a_missing_package_names_the_command_that_installs_it(monkeypatch, row, package, extra) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(errors.ProviderConfigurationError) as caught:
        of(None, **row)
    begins = "Set its key, or run" if extra == "azure" else "Run"
    assert caught.value.hint == f'{begins}: pip install "casecraft-engine[{extra}]"'


@pytest.mark.slow
def test_naming_a_way_to_sign_imports_none_of_the_packages() -> None:
    code = (
        "import sys; from casecraft.providers.auth import auth_of; from casecraft.providers.catalog.row import Auth\n"
        "for scheme in ('aws', 'google', 'azure'): auth_of(Auth(scheme=scheme, service='s'), None, provider='p')\n"
        "print([name for name in ('botocore', 'google.auth', 'azure.identity', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# AWS


def use_keys(monkeypatch, token: str = "") -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)


@pytest.fixture
def _fixed_time(monkeypatch):
    moment = dt.datetime(2015, 8, 30, 12, 36)  # noqa: DTZ001  # as botocore passes it on
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: moment)


@pytest.mark.usefixtures("_fixed_time")
@pytest.mark.parametrize(
    ("method", "query", "signature"),
    [
        # https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html: get-vanilla, post-vanilla.
        ("GET", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ],
)
async def test_signatures_are_those_of_the_published_suite(monkeypatch, method, query, signature) -> None:
    use_keys(monkeypatch)
    auth = of(None, scheme="aws", service="service")
    headers = await headers_of(auth, f"https://example.amazonaws.com/{query}", b"", method)
    assert headers == {
        "X-Amz-Date": "20150830T123600Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}",
    }


@pytest.mark.usefixtures("_fixed_time")
@pytest.mark.parametrize("token", ["", "session-token"])
async def test_a_request_is_signed_as_botocores_client_signs_it(monkeypatch, token) -> None:
    use_keys(monkeypatch, token)
    client = botocore.session.Session().create_client("bedrock-runtime", region_name="eu-west-1")
    sent = []

    def answer(request, **_):
        sent.append(request)
        return AWSResponse(request.url, 200, {}, None)

    client.meta.events.register("before-send", answer)
    monkeypatch.setattr(AWSResponse, "content", b"{}")
    client.converse(modelId="anthropic.claude-3-haiku-20240307-v1:0", messages=[])
    [theirs] = sent
    auth = of(None, "eu-west-1", scheme="aws", service="bedrock")
    given = {"Content-Type": "application/json", "User-Agent": "ours", "Accept": "any"}
    ours = await auth.headers("POST", theirs.url, given, theirs.body)
    wanted = {name: theirs.headers[name] for name in ours}
    assert ours == {name: value.decode() if isinstance(value, bytes) else value for name, value in wanted.items()}
    assert set(ours) == {"Authorization", "X-Amz-Date", *(["X-Amz-Security-Token"] if token else [])}


def by_hand(url: str, body: bytes, moment: str, region: str, service: str) -> str:
    """Signature Version 4 written out, with the keys of `use_keys`."""
    path = quote(urlsplit(url).path, safe="/~")
    said = f"content-type:application/json\nhost:{urlsplit(url).netloc}\nx-amz-date:{moment}\n"
    canonical = f"POST\n{path}\n\n{said}\ncontent-type;host;x-amz-date\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


@pytest.mark.parametrize("region", ["us-west-2", ""])
async def test_the_path_is_signed_as_it_is_sent(monkeypatch, region) -> None:
    use_keys(monkeypatch)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    url = "https://bedrock-runtime.us-west-2.amazonaws.com/model/a.b-v1%3A0/converse"
    headers = {"content-type": "application/json"}
    added = await of(None, region, scheme="aws", service="bedrock").headers("POST", url, headers, b'{"a":1}')
    signature = by_hand(url, b'{"a":1}', added["X-Amz-Date"], "us-west-2", "bedrock")
    assert added["Authorization"].endswith(f"Signature={signature}")


async def test_a_profile_is_found_and_a_token_in_the_environment_is_a_bearer(monkeypatch, tmp_path) -> None:
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = AKPROFILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_PROFILE", "work")
    added = await headers_of(of(None, scheme="aws", service="bedrock"))
    assert "Credential=AKPROFILE/" in added["Authorization"]
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "token")
    assert await headers_of(of(None, scheme="aws", service="bedrock")) == {"Authorization": "Bearer token"}
    assert "Signature" in (await headers_of(of(None, scheme="aws", service="sagemaker")))["Authorization"]


async def test_credentials_that_are_missing_or_broken_say_what_to_do(monkeypatch) -> None:
    with pytest.raises(errors.ProviderConfigurationError, match="'p' finds no AWS credentials"):
        await headers_of(of(None, scheme="aws", service="bedrock"))
    with pytest.raises(errors.ProviderConfigurationError, match="no AWS region"):
        await headers_of(of(None, "", scheme="aws", service="bedrock"))
    monkeypatch.setenv("AWS_PROFILE", "gone")
    with pytest.raises(errors.AuthenticationError, match="ProfileNotFound") as caught:
        await headers_of(of(None, scheme="aws", service="bedrock"))
    assert "AWS_PROFILE" in caught.value.hint


async def test_aws_is_asked_off_the_event_loop_and_once(monkeypatch) -> None:
    use_keys(monkeypatch)
    asked = []
    load = AwsAuth._load

    def noted(self):
        asked.append(threading.current_thread())
        return load(self)

    monkeypatch.setattr(AwsAuth, "_load", noted)
    auth = of(None, scheme="aws", service="bedrock")
    await asyncio.gather(*(headers_of(auth) for _ in range(4)))
    assert len(asked) == 1
    assert asked[0] is not threading.main_thread()


# Google


class GoogleCredentials(google.auth.credentials.CredentialsWithQuotaProject):
    """google-auth's own class, with tokens made up; each is valid until it is said to be over."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.threads = []
        self._quota_project_id = "payer"
        self._error = error

    def refresh(self, request) -> None:
        self.threads.append(threading.current_thread())
        if self._error is not None:
            raise self._error
        self.token = f"token-{len(self.threads)}"
        self.expiry = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(hours=1)


async def test_googles_token_is_taken_once_and_renewed_when_it_is_over() -> None:
    credentials = GoogleCredentials()
    auth = GoogleAuth(provider="p", credentials=credentials)
    first, second = await asyncio.gather(headers_of(auth), headers_of(auth))
    assert first == second == {"authorization": "Bearer token-1", "x-goog-user-project": "payer"}
    credentials.expiry = dt.datetime(2020, 1, 1)  # noqa: DTZ001  # google-auth's are without a zone
    assert (await headers_of(auth))["authorization"] == "Bearer token-2"
    assert threading.main_thread() not in credentials.threads
    assert "token" not in repr(auth)


async def test_googles_default_credentials_are_asked_for_the_cloud(monkeypatch) -> None:
    wanted = []

    def default(scopes):
        wanted.append(scopes)
        return GoogleCredentials(), "project"

    monkeypatch.setattr(google.auth, "default", default)
    auth = of(None, scheme="google")
    assert (await headers_of(auth))["authorization"] == "Bearer token-1"
    assert wanted == [["https://www.googleapis.com/auth/cloud-platform"]]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (google.auth.exceptions.DefaultCredentialsError("m"), errors.ProviderConfigurationError),
        (google.auth.exceptions.RefreshError("m"), errors.AuthenticationError),
        (google.auth.exceptions.TransportError("m"), errors.NetworkError),
    ],
)
async def test_googles_failures_are_ours(error, kind) -> None:
    with pytest.raises(errors.ProviderError, match="'p'") as caught:
        await headers_of(GoogleAuth(provider="p", credentials=GoogleCredentials(error)))
    assert type(caught.value) is kind
    assert caught.value.__cause__ is error


# Azure


class EntraCredential:
    """Gives tokens as azure-identity's credentials do."""

    def __init__(self, *, expires_on: int = 4_000_000_000, error: Exception | None = None) -> None:
        self.scopes = []
        self.threads = []
        self._expires_on = expires_on
        self._error = error

    def get_token(self, *scopes: str) -> AccessToken:
        self.scopes.append(scopes)
        self.threads.append(threading.current_thread())
        if self._error is not None:
            raise self._error
        return AccessToken(f"token-{len(self.scopes)}", self._expires_on)


async def test_entras_token_is_taken_once_and_renewed_before_it_ends() -> None:
    credential = EntraCredential()
    auth = EntraAuth(provider="p", credential=credential)
    first, second = await asyncio.gather(headers_of(auth), headers_of(auth))
    assert first == second == {"Authorization": "Bearer token-1"}
    auth._renew()  # as a second thread does that waited for the first
    assert credential.scopes == [("https://cognitiveservices.azure.com/.default",)]
    assert threading.main_thread() not in credential.threads
    assert "token" not in repr(auth)
    ending = EntraAuth("https://ai.azure.com/.default", provider="p", credential=EntraCredential(expires_on=1))
    await headers_of(ending)
    assert await headers_of(ending) == {"Authorization": "Bearer token-2"}


async def test_without_a_key_azures_default_credential_is_asked(monkeypatch) -> None:
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", EntraCredential)
    assert await headers_of(of(None, scheme="azure")) == {"Authorization": "Bearer token-1"}


def azure_without_a_key(monkeypatch, tmp_path) -> tuple[ChatProvider, list[httpx.Request]]:
    for name in [name for name in os.environ if name.startswith(("AZURE_", "CASECRAFT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CASECRAFT_AZURE_RESOURCE", "r")
    monkeypatch.chdir(tmp_path)
    made = casecraft.create("azure")
    assert isinstance(made, ChatProvider)
    own = casecraft.settings_for().provider_settings["azure"]
    refusing = Refusing()
    return ChatProvider(row_of("azure", own), made.profile, own, transport=refusing), refusing.requests


async def test_azure_is_asked_with_a_token_where_no_key_is_set(monkeypatch, tmp_path) -> None:
    provider, requests = azure_without_a_key(monkeypatch, tmp_path)
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", EntraCredential)
    with pytest.raises(errors.InvalidRequestError):
        await provider.complete(ChatRequest((Message("user", "Hi"),)))
    [request] = requests
    assert str(request.url) == "https://r.openai.azure.com/openai/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer token-1"
    assert "api-key" not in request.headers


def test_azure_without_a_key_and_its_package_says_what_would_do(monkeypatch, tmp_path) -> None:
    for name in [name for name in sys.modules if name.startswith("azure.identity")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(errors.ProviderConfigurationError) as caught:
        azure_without_a_key(monkeypatch, tmp_path)
    assert caught.value.hint == 'Set its key, or run: pip install "casecraft-engine[azure]"'


class NoAzureCli(ChainedTokenCredential):
    """The library's own chain, with two of its credentials: neither has what it needs."""

    def __init__(self) -> None:
        super().__init__(EnvironmentCredential(), AzureCliCredential())


async def test_a_failure_of_entra_says_in_one_line_what_was_tried(monkeypatch, tmp_path, capfd) -> None:
    provider, _ = azure_without_a_key(monkeypatch, tmp_path)
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", NoAzureCli)
    monkeypatch.setenv("PATH", str(tmp_path))
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])  # as in a program that has not set up logging
    with pytest.raises(errors.AuthenticationError) as caught:
        await provider.complete(ChatRequest((Message("user", "Hi"),)))
    assert str(caught.value) == (
        "provider 'azure' has no key, and got no token of Entra: EnvironmentCredential authentication unavailable; "
        "AzureCliCredential: Azure CLI not found on path"
    )
    assert "az login" in caught.value.hint
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CredentialUnavailableError("m"), errors.ProviderConfigurationError),
        (ClientAuthenticationError("m"), errors.AuthenticationError),
    ],
)
async def test_entras_failures_are_ours(error, kind) -> None:
    with pytest.raises(errors.ProviderError, match="'p'") as caught:
        await headers_of(EntraAuth(provider="p", credential=EntraCredential(error=error)))
    assert type(caught.value) is kind
    assert "az login" in caught.value.hint
