#!/bin/sh
# Needs keys in ZHIPU_API_KEY, DASHSCOPE_API_KEY and CASECRAFT_ACME_API_KEY.
set -eu
cd "$(dirname "$0")"
casecraft estimate ../../specs/petstore.yaml
casecraft generate ../../specs/petstore.yaml
casecraft state show
casecraft state export --output out/history.json
