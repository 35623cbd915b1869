"""`casecraft generate`."""

from typing import Annotated

import typer

from casecraft.cli import options
from casecraft.cli.flags import flags_of


def generate(
    document: options.Document,
    providers: options.Providers = None,
    strategy: options.Strategy = None,
    provider_map: options.ProviderMap = None,
    fallback: options.Fallback = None,
    no_rules: options.NoRules = False,
    seed: options.Seed = None,
    model: options.Models = None,
    workers: options.Workers = None,
    embeddings: options.Embeddings = None,
    similarity: options.Similarity = None,
    lang: options.Lang = None,
    max_cost: options.MaxCost = None,
    max_cases: options.MaxCases = None,
    output: options.Output = None,
    formats: options.Formats = None,
    state_dir: options.StateDir = None,
    include_tag: options.IncludeTag = None,
    exclude_tag: options.ExcludeTag = None,
    include_path: options.IncludePath = None,
    exclude_path: options.ExcludePath = None,
    include_method: options.IncludeMethod = None,
    techniques: options.Techniques = None,
    strict: options.Strict = None,
    allow_external_refs: options.ExternalRefs = None,
    log_calls: options.LogCalls = None,
    log_bodies: options.LogBodies = None,
    force: options.Force = False,
    resume: Annotated[
        bool, typer.Option("--resume", rich_help_panel=options.RUN, help="Go on with this document's stopped run.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", rich_help_panel=options.RUN, help="Only show what would go where.")
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Make a test suite from a document.

    Each endpoint goes to a provider by the strategy; every case is checked against the document before it is kept;
    what an earlier run made of an unchanged endpoint is taken from the state file. Exit codes: 0 all done, 1 some
    endpoints failed, 2 wrong usage, configuration or document, 3 stopped by the budget, 130 interrupted.
    """
    flags = flags_of(
        providers=providers,
        models=model,
        workers=workers,
        max_cost=max_cost,
        max_cases=max_cases,
        no_rules=no_rules,
        formats=formats,
        techniques=techniques,
        strategy=strategy,
        provider_map=provider_map,
        fallback=fallback,
        seed=seed,
        embeddings=embeddings,
        similarity=similarity,
        lang=lang,
        output=output,
        state_dir=state_dir,
        include_tags=include_tag,
        exclude_tags=exclude_tag,
        include_paths=include_path,
        exclude_paths=exclude_path,
        include_methods=include_method,
        strict=strict,
        allow_external_refs=allow_external_refs,
        log_calls=log_calls,
        log_bodies=log_bodies,
    )
    if dry_run:
        from casecraft.cli.endpoints import show_endpoints  # noqa: PLC0415

        show_endpoints(document, flags, as_json=as_json)
        return
    from casecraft.api import agenerate, settings_for  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.cli.running import carry_out  # noqa: PLC0415

    settings = settings_for(flags)
    carry_out(
        lambda listen, control: agenerate(
            document, settings=settings, on_event=listen, control=control, force=force, resume=resume
        ),
        as_json=as_json,
        quiet=quiet,
        verbose=verbose,
    )
