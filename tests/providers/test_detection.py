"""Who could be used: in which order, and by what sign."""

import pytest

from casecraft.config import ProviderSettings
from casecraft.providers import detect

AWS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"AWS_BEARER_TOKEN_BEDROCK": "t"}, {"bedrock": "key in AWS_BEARER_TOKEN_BEDROCK"}),
        (AWS, {"bedrock": "credentials in AWS_ACCESS_KEY_ID"}),
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_REGION": "eu-west-1"}, {}),
        # Its model is the user's own endpoint, without which there is nobody to ask.
        (
            {**AWS, "CASECRAFT_SAGEMAKER_MODEL": "mine"},
            {"bedrock": "credentials in AWS_ACCESS_KEY_ID", "sagemaker": "credentials in AWS_ACCESS_KEY_ID"},
        ),
        ({"AZURE_OPENAI_API_KEY": "k"}, {"azure": "key in AZURE_OPENAI_API_KEY"}),
        ({"AZURE_OPENAI_ENDPOINT": "https://r"}, {"azure": "address in the variable AZURE_OPENAI_ENDPOINT"}),
        ({"GOOGLE_CLOUD_LOCATION": "europe-west1"}, {}),
        ({"GOOGLE_CLOUD_PROJECT": "p"}, {"vertex": "address in the variable GOOGLE_CLOUD_PROJECT"}),
    ],
)
def test_who_signs_is_found_by_what_signing_needs(environ: dict[str, str], found: dict[str, str]) -> None:
    assert {it.name: it.how for it in detect(environ, probe=False)} == found


def test_the_environment_comes_before_the_configuration() -> None:
    own = {
        "anthropic": ProviderSettings(api_key="k"),
        "azure": ProviderSettings(variables={"resource": "r"}),
        "bedrock": ProviderSettings(api_key="t", key_variable="AWS_BEARER_TOKEN_BEDROCK"),
        "vertex": ProviderSettings(variables={"region": "r"}),
        "xai": ProviderSettings(api_key="k"),
    }
    found = detect({"AWS_BEARER_TOKEN_BEDROCK": "t", "XAI_API_KEY": "k"}, own, probe=False)
    assert [(it.name, it.how) for it in found] == [
        ("bedrock", "key in AWS_BEARER_TOKEN_BEDROCK"),
        ("xai", "key in XAI_API_KEY"),
        ("anthropic", "configured"),
        ("azure", "configured"),
    ]
