"""`casecraft estimate`."""

from casecraft.cli import options
from casecraft.cli.flags import flags_of


def estimate(
    document: options.Document,
    providers: options.Providers = None,
    strategy: options.Strategy = None,
    provider_map: options.ProviderMap = None,
    seed: options.Seed = None,
    model: options.Models = None,
    embeddings: options.Embeddings = None,
    lang: options.Lang = None,
    include_tag: options.IncludeTag = None,
    exclude_tag: options.ExcludeTag = None,
    include_path: options.IncludePath = None,
    exclude_path: options.ExcludePath = None,
    include_method: options.IncludeMethod = None,
    techniques: options.Techniques = None,
    as_json: options.Json = False,
) -> None:
    """Say what a run would use and cost, before anything is spent.

    Tokens are counted from the real prompts by a rule of thumb and without repairs; the bill may differ by a third.
    With `--embeddings` a row says what those take.
    """
    flags = flags_of(
        providers=providers,
        models=model,
        strategy=strategy,
        provider_map=provider_map,
        seed=seed,
        embeddings=embeddings,
        lang=lang,
        include_tags=include_tag,
        exclude_tags=exclude_tag,
        include_paths=include_path,
        exclude_paths=exclude_path,
        include_methods=include_method,
        techniques=techniques,
    )
    from casecraft.api import estimate as estimate_run  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.api import plan, settings_for  # noqa: PLC0415
    from casecraft.cli.estimates import show_estimates, write_estimates  # noqa: PLC0415

    estimates = estimate_run(plan(document, settings=settings_for(flags)))
    if as_json:
        write_estimates(estimates)
    else:
        show_estimates(estimates)
