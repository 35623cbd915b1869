"""Runs suites against services and says what that showed: results, what is new, why a case exists, what changed."""
