"""`python -m recommender.training SOURCE MODELS [UNTIL]`: trains, publishes, tells its progress as JSON lines."""

import sys
from pathlib import Path

from recommender.training.openmp import NoOpenMP, ensure
from recommender.training.progress import tell


def main(arguments: list[str]) -> int:
    """SOURCE: "complete-journey" or a file. MODELS: a folder. UNTIL: seconds since the epoch."""
    if len(arguments) not in (2, 3):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    source, models, *until = arguments
    try:
        ensure(Path(models) / ".openmp")
        from recommender.training.table import TableRefused
        from recommender.training.train import Material, train_and_publish
    except NoOpenMP as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        version = train_and_publish(Material(source, int(until[0]) if until else None), Path(models), progress=tell)
    except (TableRefused, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    tell("published", 1.0, version)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
