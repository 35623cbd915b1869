"""The options that several commands share, each said once."""

from pathlib import Path
from typing import Annotated

import typer

RUN, CHOICE, WHAT, OUTPUT = "Run", "Providers and strategy", "What of the document", "Output"

Document = Annotated[
    str, typer.Argument(metavar="DOCUMENT", help="OpenAPI 2.0 to 3.2, JSON or YAML: a path, a URL, or - for stdin.")
]
Providers = Annotated[
    list[str] | None,
    typer.Option(
        "--providers", "--provider", "-p", metavar="NAME[,NAME…]", rich_help_panel=CHOICE,
        help="Providers to use, by name; `rules` needs no key, `auto` takes all that are detected.",
    ),
]  # fmt: skip
Strategy = Annotated[
    str | None,
    typer.Option(
        "--strategy", "-s", rich_help_panel=CHOICE,
        help="Who gets which endpoint: round_robin, random, complexity, manual, a plugin's name or a .py file.",
    ),
]  # fmt: skip
ProviderMap = Annotated[
    str | None,
    typer.Option(
        "--provider-map", metavar="MAP", rich_help_panel=CHOICE,
        help='For `manual`: "/users/*:qwen,POST /orders:kimi,*:glm", or a YAML file.',
    ),
]  # fmt: skip
Fallback = Annotated[
    str | None,
    typer.Option(
        "--fallback", metavar="A>B>C", rich_help_panel=CHOICE,
        help="Who is asked when a provider cannot answer. Default: the other providers in order, then rules.",
    ),
]  # fmt: skip
NoRules = Annotated[
    bool, typer.Option("--no-rules", rich_help_panel=CHOICE, help="Let rules neither fill gaps nor stand in.")
]
Techniques = Annotated[
    list[str] | None,
    typer.Option(
        "--techniques", "--technique", metavar="NAME[,NAME…]", rich_help_panel=WHAT,
        help="Techniques of test design, such as boundary_value_analysis, syntax_testing or security. Default: all.",
    ),
]  # fmt: skip
Seed = Annotated[int | None, typer.Option("--seed", rich_help_panel=CHOICE, help="For strategies that draw lots.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="[NAME=]MODEL", rich_help_panel=CHOICE, help="The model of a provider."),
]
Workers = Annotated[
    list[str] | None,
    typer.Option(
        "--workers", metavar="[NAME=]N", rich_help_panel=CHOICE, help="Requests in flight, of all or of one provider."
    ),
]
Embeddings = Annotated[
    str | None,
    typer.Option(
        "--embeddings", metavar="NAME[/MODEL]", rich_help_panel=CHOICE,
        help="Who makes embeddings, to find cases that say the same in other words; off without.",
    ),
]  # fmt: skip
Similarity = Annotated[
    float | None,
    typer.Option(
        "--similarity", metavar="0.95", rich_help_panel=CHOICE, help="How alike such cases are, above 0 up to 1."
    ),
]
Lang = Annotated[
    str | None, typer.Option("--lang", metavar="en|zh", rich_help_panel=RUN, help="Language of prompts and titles.")
]
IncludeTag = Annotated[
    list[str] | None, typer.Option("--include-tag", metavar="GLOB", rich_help_panel=WHAT, help="Only these tags.")
]
ExcludeTag = Annotated[
    list[str] | None, typer.Option("--exclude-tag", metavar="GLOB", rich_help_panel=WHAT, help="Not these tags.")
]
IncludePath = Annotated[
    list[str] | None, typer.Option("--include-path", metavar="GLOB", rich_help_panel=WHAT, help="Only these paths.")
]
ExcludePath = Annotated[
    list[str] | None, typer.Option("--exclude-path", metavar="GLOB", rich_help_panel=WHAT, help="Not these paths.")
]
IncludeMethod = Annotated[
    list[str] | None, typer.Option("--include-method", metavar="GLOB", rich_help_panel=WHAT, help="Only these methods.")
]
Strict = Annotated[
    bool | None, typer.Option("--strict", rich_help_panel=WHAT, help="Take problems of the document for errors.")
]
ExternalRefs = Annotated[
    bool | None,
    typer.Option(
        "--allow-external-refs", rich_help_panel=WHAT, help="Follow $refs out of the document's folder and to http."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="OUT", rich_help_panel=OUTPUT, help="Default: suites/<document>/."),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format", "-f", rich_help_panel=OUTPUT,
        help="Formats besides json: pytest (the default), unittest, gherkin, jest, postman, bruno, http, curl, csv, "
        "xlsx, arazzo, casecraft-v1, or a plugin's.",
    ),
]  # fmt: skip
StateDir = Annotated[
    Path | None, typer.Option("--state-dir", metavar="DIR", rich_help_panel=RUN, help="Default: .casecraft.")
]
MaxCost = Annotated[
    str | None,
    typer.Option("--max-cost", metavar="'5 USD'", rich_help_panel=RUN, help="Stop before more than this is spent."),
]
MaxCases = Annotated[
    int | None,
    typer.Option(
        "--max-cases", metavar="N", min=1, rich_help_panel=RUN, help="Keep the best N cases of each endpoint."
    ),
]
Force = Annotated[
    bool, typer.Option("--force", rich_help_panel=RUN, help="Ask anew for what the state file already has.")
]
LogCalls = Annotated[
    Path | None,
    typer.Option("--log-calls", metavar="FILE", rich_help_panel=RUN, help="Add a JSON line for every request."),
]
LogBodies = Annotated[
    bool | None, typer.Option("--log-bodies", rich_help_panel=RUN, help="With bodies, keys blotted out, in that log.")
]
Json = Annotated[bool, typer.Option("--json", rich_help_panel=OUTPUT, help="One JSON object on stdout, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=OUTPUT, help="No progress.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", rich_help_panel=OUTPUT, help="A line for everything.")]
