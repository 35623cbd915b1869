"""casecraft turns an OpenAPI document into API test suites that run."""
