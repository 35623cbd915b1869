"""Suites: the cases of one run, written as files that run and that version control can compare."""

from casecraft.suites.folder import refuse_unwritable
from casecraft.suites.formats import choose_formats, format_names, registered_by
from casecraft.suites.render import RenderReport, render
from casecraft.suites.suite import Run, Suite

__all__ = [
    "RenderReport",
    "Run",
    "Suite",
    "choose_formats",
    "format_names",
    "refuse_unwritable",
    "registered_by",
    "render",
]
