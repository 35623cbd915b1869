"""Carries out runs: lanes, retries, fallback, budget and the work on cases."""
