"""`casecraft evaluate`."""

from casecraft.cli import options
from casecraft.cli.flags import flags_of


def evaluate(
    document: options.Document,
    providers: options.Providers = None,
    model: options.Models = None,
    workers: options.Workers = None,
    lang: options.Lang = None,
    max_cost: options.MaxCost = None,
    state_dir: options.StateDir = None,
    include_tag: options.IncludeTag = None,
    exclude_tag: options.ExcludeTag = None,
    include_path: options.IncludePath = None,
    exclude_path: options.ExcludePath = None,
    include_method: options.IncludeMethod = None,
    techniques: options.Techniques = None,
    log_calls: options.LogCalls = None,
    log_bodies: options.LogBodies = None,
    force: options.Force = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure how good providers' answers are for a document: each is asked about every endpoint.

    Shares: answers that could be read; of the cases proposed, those verified at first, those verified after a repair,
    relabelled, dropped. Then what they brought: targets that rules do not hit per 1,000 tokens, and cost per kept case.
    Below stands what was proposed beside the cases (rules between fields, edges between endpoints, scenarios): how many
    were kept, how many refused, and why. Answers that the state file has are not asked for again. The cases are kept in
    `evaluation/` beside the state.
    """
    flags = flags_of(
        providers=providers,
        models=model,
        workers=workers,
        max_cost=max_cost,
        lang=lang,
        state_dir=state_dir,
        include_tags=include_tag,
        exclude_tags=exclude_tag,
        include_paths=include_path,
        exclude_paths=exclude_path,
        include_methods=include_method,
        techniques=techniques,
        log_calls=log_calls,
        log_bodies=log_bodies,
    )
    from casecraft.api import aevaluate, settings_for  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.cli.evaluations import show_evaluations, write_evaluations  # noqa: PLC0415
    from casecraft.cli.running import run_controlled  # noqa: PLC0415

    settings = settings_for(flags)
    evaluations = run_controlled(
        lambda listen, control: aevaluate(document, settings=settings, on_event=listen, control=control, force=force),
        quiet=quiet or as_json,
        verbose=verbose,
    )
    if as_json:
        write_evaluations(evaluations)
    else:
        show_evaluations(evaluations)
