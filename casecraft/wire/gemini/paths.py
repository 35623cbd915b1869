"""Gemini: where models are found, and how they are listed."""

from urllib.parse import quote

COLLECTIONS = ("models/", "tunedModels/", "publishers/", "endpoints/")


def model_path(model: str) -> str:
    """A model's place under the base URL. A name that says its collection (`tunedModels/x`) stays as it is.

    A name cannot lead elsewhere: it may come from a client.
    """
    if model.startswith(COLLECTIONS) and ".." not in model.split("/"):
        return f"/{quote(model, safe='/@')}"
    return f"/models/{quote(model, safe='@')}"


def chat_path(model: str, stream: bool) -> str:
    """Where this model answers, whole or streamed."""
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"{model_path(model)}:{method}"


def read_models(listing: object) -> tuple[str, ...] | None:
    """The names in a listing, without `models/` and what is before it; None where it is no listing.

    The Gemini API lists `{"models": [{"name": "models/x"}]}`, Vertex AI `{"publisherModels": [{"name": …}]}`.
    """
    if not isinstance(listing, dict):
        return None
    models = listing.get("models", listing.get("publisherModels"))
    if not isinstance(models, list):
        return None
    names = (model.get("name") for model in models if isinstance(model, dict))
    return tuple(name.rpartition("models/")[2] for name in names if isinstance(name, str))
