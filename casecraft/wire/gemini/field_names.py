"""Gemini: names of fields, which clients may write in either of the two ways of Google's JSON.

Source: https://protobuf.dev/programming-guides/json/ (parsers accept `lowerCamelCase` and the original `snake_case`).
"""

import re
from collections.abc import Mapping
from typing import Any

# Those that we read. Others stay as the client wrote them.
NAMES = [
    "systemInstruction",
    "generationConfig",
    "toolConfig",
    "inlineData",
    "fileData",
    "mimeType",
    "fileUri",
    "functionCall",
    "functionResponse",
    "thoughtSignature",
    "functionDeclarations",
    "parametersJsonSchema",
    "functionCallingConfig",
    "allowedFunctionNames",
    "topP",
    "topK",
    "maxOutputTokens",
    "stopSequences",
    "frequencyPenalty",
    "presencePenalty",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "thinkingConfig",
    "thinkingBudget",
    "thinkingLevel",
    "includeThoughts",
    "outputDimensionality",
    "anyOf",
    "propertyOrdering",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
]
CAPITAL = re.compile(r"([A-Z])")
CAMEL_NAMES: Mapping[str, str] = {CAPITAL.sub(lambda found: f"_{found[1].lower()}", name): name for name in NAMES}


def with_camel_names(source: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its own fields in `lowerCamelCase`; what they hold stays as it is."""
    return {CAMEL_NAMES.get(name, name): value for name, value in source.items()}
