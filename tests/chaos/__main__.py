"""`python -m tests.chaos`: the mix from the command line; status 1 where something is wrong."""

import argparse
import json
import sys
from pathlib import Path
from tempfile import mkdtemp

from tests.chaos import faults, report
from tests.chaos.mix import Plan, run_mix


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=Plan.events)
    parser.add_argument("--rate", type=float, default=Plan.rate, help="events a second")
    parser.add_argument("--every", type=float, default=Plan.every, help="seconds from one fault to the next")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--workers", type=int, default=Plan.workers)
    parser.add_argument("--only", choices=[fault.name for fault in faults.ALL], help="this fault and no other")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument("--report", type=Path, help="write a page of Markdown here")
    parser.add_argument("--folder", type=Path, help="keep logs, data and journal here; a temporary folder by default")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    plan = Plan(chosen.events, chosen.rate, chosen.every, chosen.seed, chosen.workers)
    folder = chosen.folder or Path(mkdtemp(prefix="caudal-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    only = [fault for fault in faults.ALL if fault.name == chosen.only]
    outcome = run_mix(plan, folder, lambda line: print(line, file=sys.stderr, flush=True), only)
    if chosen.report:
        chosen.report.parent.mkdir(parents=True, exist_ok=True)
        chosen.report.write_text(report.page(outcome))
    print(report.page(outcome))
    if not outcome.verdict.clean:
        print(outcome.verdict.text())
    if chosen.json:
        print(json.dumps(report.as_json(outcome)))
    return 0 if outcome.verdict.clean else 1


if __name__ == "__main__":
    sys.exit(main())
