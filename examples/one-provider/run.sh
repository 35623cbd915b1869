#!/bin/sh
# Needs a key in DASHSCOPE_API_KEY (or CASECRAFT_QWEN_API_KEY).
set -eu
cd "$(dirname "$0")"
casecraft generate ../../specs/petstore.yaml --provider qwen
