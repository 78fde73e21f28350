"""One module per command; `caudal.cli` imports it when the command runs."""
