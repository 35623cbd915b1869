"""Suites: the cases of one run, written as files that run and that version control can compare."""

from casecraft.suites.cases import read_case
from casecraft.suites.credential_variables import credential_variable
from casecraft.suites.folder import refuse_unwritable
from casecraft.suites.formats import choose_formats, format_names, registered_by
from casecraft.suites.persons import case_digest, persons_cases, read_stale
from casecraft.suites.reading import WrittenCase, WrittenSuite, read_suite
from casecraft.suites.render import RenderReport, render
from casecraft.suites.suite import PERSON, PersonsCase, Run, StaleCase, Suite

__all__ = [
    "PERSON",
    "PersonsCase",
    "RenderReport",
    "Run",
    "StaleCase",
    "Suite",
    "WrittenCase",
    "WrittenSuite",
    "case_digest",
    "choose_formats",
    "credential_variable",
    "format_names",
    "persons_cases",
    "read_case",
    "read_stale",
    "read_suite",
    "refuse_unwritable",
    "registered_by",
    "render",
]
