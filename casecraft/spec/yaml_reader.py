"""YAML 1.2 core schema, read by two libraries.

The Rust reader of openapi-spec-validator-rs takes 0.3 s for 10 MB and agrees with PyYAML on every construct, but it
follows YAML 1.1 (`no` is false, `12:30:00` a number of seconds) and writes aliases out in full, at whatever cost. So
a document goes to it only when it has no alias and no scalar on which the versions differ; any other is built here
from the events of PyYAML's parser, in 1.1 s. rapidyaml is as fast as the first, but gets tabs after colons, control
characters, aliases, merge keys and tags wrong, without saying so.

JSON has no infinity and no number that is none, so `.inf` and `.nan` become null, as they do in JSON writers.
"""

import re
from typing import Any

import yaml
from openapi_spec_validator_rs import SpecReadError
from openapi_spec_validator_rs._core import load as _load_fast

from casecraft.spec.limits import Limits
from casecraft.spec.yaml_builder import Builder

YAML_ERRORS = (yaml.YAMLError, SpecReadError, RecursionError, UnicodeError)
"""What the two readers raise on text that is no YAML."""

# The lookbehind stands after the literal, which lets the search skip to the literal.
_ANCHOR = re.compile(rb"&(?<![^\s\[{,:]&)([\w-]+)")
_ALIAS = re.compile(rb"\*(?<![^\s\[{,:]\*)([\w-]+)")
# Scalars that YAML 1.1 and the core schema of 1.2 read differently.
_SCALAR = rb"""(?:[yY](?:es|ES)|[nN][oO]|[oO](?:n|N|ff|FF)
    |[-+]?0[0-9_]+(?:\.[0-9_]*)?|[-+]?0[obxOBX][0-9a-fA-F_]*
    |[-+]?\.?[0-9][0-9_.eE+-]*_[0-9_.eE+-]*|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
    |[-+]\.[0-9_eE+-]+|[-+]?[0-9]*\.?[0-9]*[eE][-+]?[0-9]+|=)"""
# Keys that the fast reader would write in another way than the document does: `1.10`, `0x1F`, `True`.
_KEY = rb"""(?!(?:0|[1-9][0-9]*+):)(?:[-+.]*+[0-9][0-9a-fA-FoxX_.+-]*+|[tT](?:rue|RUE)|[fF](?:alse|ALSE)
    |[nN](?:ull|ULL)|~|[-+]?\.[iI](?:nf|NF)|\.[nN][aA][nN])"""
_BEGIN = rb"(?=[-+.=~0-9yYnNoOtTfF])(?:"
_BLOCK = _BEGIN + _SCALAR + rb"[ \t]*+(?:[\r\n\#:]|\Z)|" + _KEY + rb"[ \t]*+:(?:\s|\Z))"
_FLOW = _BEGIN + rb"(?:" + _SCALAR + rb"|" + _KEY + rb"[ \t]*+(?=:))\s*+[,\]}\#:])"
# Where a scalar may begin. Each place begins with a literal that the search can skip to, and is possessive, as nothing
# in it can match in two ways: without that the search takes longer than the reading.
_DISPUTES = tuple(
    re.compile(place + rest, re.VERBOSE)
    for rest, places in (
        (_BEGIN + rb"(?:" + _SCALAR + rb"|" + _KEY + rb")[ \t]*+:(?:\s|\Z))", (rb"\n[ \t]*+",)),
        (_BLOCK, (rb":\s++", rb"-\s++", rb"\?\s++")),
        (_FLOW, (rb'":', rb"':", rb":\s++", rb",\s++", rb",(?<![0-9],)", rb"\[\s*+", rb"\{\s*+")),
    )
    for place in places
)
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(data: bytes, source: str, limits: Limits) -> Any:
    """The value of a YAML text; raises one of YAML_ERRORS, or DocumentLimitError."""
    if not needs_builder(data):
        try:
            return _load_fast(data, source)
        except SpecReadError:
            pass  # The builder takes tags that this reader does not know, and says where other faults are.
    return Builder(source, limits).build(yaml.parse(data, Loader=_PARSER))


def needs_builder(data: bytes) -> bool:
    """Whether the fast reader may not be asked: the text may have aliases, or scalars that it reads differently."""
    lines = b"\n" + data
    if any(dispute.search(lines) for dispute in _DISPUTES):
        return True
    anchors = set(_ANCHOR.findall(data))
    return bool(anchors) and not anchors.isdisjoint(_ALIAS.findall(data))
