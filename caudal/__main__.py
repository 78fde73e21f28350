"""`python -m caudal`: the command line, also without an installed script."""

from caudal.cli import main

if __name__ == "__main__":
    main()
