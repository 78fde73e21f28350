"""One file per question; each prints a table and, with `--json`, the figures as the last line of stdout."""
