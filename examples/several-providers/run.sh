#!/bin/sh
# Needs keys in ZHIPU_API_KEY, DASHSCOPE_API_KEY and MOONSHOT_API_KEY.
set -eu
cd "$(dirname "$0")"
casecraft endpoints ../../specs/petstore.yaml # who gets what; asks nobody
casecraft generate ../../specs/petstore.yaml
