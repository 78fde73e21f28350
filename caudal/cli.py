"""The command line: which commands there are, and how their faults are told.

A command is imported only when it runs.
"""

import os
import sys

from cyclopts import App
from cyclopts.exceptions import CycloptsError

APP = App(
    name="caudal",
    help="The real-time customer-journey engine of a retailer: events in, recommendations and in-store "
    "promotions out, each with its reason.",
    help_epilogue="Every setting is a flag and an environment variable: `--redis-url` is `CAUDAL_REDIS_URL`. "
    "First time here? `caudal demo`.",
    version_flags=["--version"],
)

TOPICS = App(name="topics", help="The Kafka topics.")
CUSTOMER = App(name="customer", help="One customer: their identifiers, merged and split by whoever answers for it.")
REJECTS = App(name="rejects", help="What could not be applied: see it, and put it back.")
MODELS = App(name="models", help="The published models: try a new one, promote it, or go back.")
SHOP = App(name="shop", help="The catalogue, the stores, the offers and the merchandising rules.")
MERCHANDISING = App(name="merchandising", help="The rules of merchandisers, as they stand now.")
EVALUATE = App(name="evaluate", help="The shipped models on anyone's data, beside the baselines.")

USAGE = 2
"""Exit status of a command that was called wrongly."""

FAILED = 1
"""Exit status of a command that could not do its work."""

STOPPED = 130
"""Exit status after Ctrl-C."""

DEBUG = "CAUDAL_DEBUG"
"""Environment variable: set, a fault is shown with its traceback."""


def assemble() -> App:
    """The whole command line, nothing of it imported yet."""
    _add(APP, "demo", "demo", "See it work: a year of real receipts and a simulated shop floor, on this machine.")
    _add(APP, "up", "up", "Run the whole system on this machine, loaded but without traffic.")
    _add(APP, "worker", "worker", "Run a worker: identify, journey and deliver.")
    _add(APP, "gateway", "gateway", "Run the HTTP gateway.")
    _add(APP, "rebuild", "rebuild", "Bring Redis up to the log, from snapshots and Kafka; for when no worker runs.")
    _add(TOPICS, "topics", "create", "Create the topics that are missing; tells what it changed.")
    _add(TOPICS, "topics", "accept", "Go on with topics that were deleted and created anew.")
    _add(SHOP, "shop", "load", "Load catalogue, stores, offers and merchandising rules of a folder into the topics.")
    _add(MERCHANDISING, "merchandising", "list", "Show all rules: which hold, and which leave few items.", "list_")
    _add(CUSTOMER, "customer", "show", "Show whose an identifier is, what else is theirs, and on what evidence.")
    _add(CUSTOMER, "customer", "merge", "Say that two identifiers are one customer's.")
    _add(CUSTOMER, "customer", "split", "Say that an identifier is not the customer's it is taken for.")
    _add(
        APP, "explain", "explain", "Explain a customer's slate: why each item is there, what was dropped by which rule."
    )
    _add(APP, "train", "train", "Train a model and publish it; workers and gateways take it up by themselves.")
    _add_models()
    _add_evaluations()
    _add(APP, "outcomes", "outcomes", "Write what was shown and what became of it, for `caudal evaluate policy`.")
    _add(REJECTS, "rejects", "list", "Count what was rejected, by reason and where it came from.", "list_")
    _add(REJECTS, "rejects", "show", "Show one reject: why, where from, and its bytes.")
    _add(REJECTS, "rejects", "replay", "Put rejects back, once their cause is mended; each is applied once.")
    _add(APP, "tail", "tail", "Show events as they come in, the good ones and the bad ones with their reasons.")
    _add(APP, "status", "status", "Show where every partition stands, and what is wrong.")
    for group in (TOPICS, CUSTOMER, REJECTS, SHOP, MERCHANDISING, MODELS, EVALUATE):
        if group.name[0] not in APP:
            APP.command(group)
    return APP


def _add_models() -> None:
    _add(MODELS, "models", "list", "Show the published versions: which serves, which is tried, which wait.", "list_")
    _add(MODELS, "models", "candidate", "Let a version answer a share of the customers.")
    _add(MODELS, "models", "shadow", "Compare a version with the one that serves, on a share of the answers, unseen.")
    _add(MODELS, "models", "promote", "Let the version that is tried serve everybody.")
    _add(MODELS, "models", "rollback", "End what is tried, or go back to the version of before.")
    _add(MODELS, "models", "hold", "Let what serves go on serving, whatever is trained.")
    _add(MODELS, "models", "follow", "Let the newest version serve, as without any of these commands.")


def _add_evaluations() -> None:
    _add(EVALUATE, "evaluate", "sessions", "Predict the next item of sessions.")
    _add(EVALUATE, "evaluate", "baskets", "Predict each customer's last basket.")
    _add(EVALUATE, "evaluate", "coupons", "Foresee who redeems a campaign's coupons.")
    _add(EVALUATE, "evaluate", "policy", "Judge other policies by what was left to chance.")
    _add(EVALUATE, "evaluate", "models", "Compare two models by what became of their answers.")


def _add(app: App, module: str, name: str, job: str, function: str = "") -> None:
    """function: where it is not called like the command."""
    if name not in app:
        app.command(f"caudal.commands.{module}:{function or name}", name=name, help=job)


def main() -> None:
    """The `caudal` script. A fault is told in a sentence on stderr; with CAUDAL_DEBUG set, with its traceback."""
    try:
        status = assemble()(exit_on_error=False, result_action="return_value")
    except CycloptsError:
        sys.exit(USAGE)
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    except Exception as fault:
        if os.environ.get(DEBUG):
            raise
        print(f"caudal: {_told(fault)}", file=sys.stderr)
        sys.exit(FAILED)
    sys.exit(status if isinstance(status, int) else 0)


def _told(fault: BaseException) -> str:
    """Of several that came together the first; its kind where it says nothing itself."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    if type(fault).__name__ == "ValidationError":
        from pydantic import ValidationError

        from caudal.misspelt import told

        return told(fault) if isinstance(fault, ValidationError) else str(fault)
    return str(fault) or type(fault).__name__
