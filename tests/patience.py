"""How long tests wait for what must come about: moments on an idle machine, and a hang is a hang also later."""

PATIENCE = 180.0
"""Seconds. No promise of ours: a machine that does three other things at a time may need most of it."""
