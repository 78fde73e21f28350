"""How Caudal is run: the command line, the embedded system, the demo.

Start with `cli`, then `system` (what runs beside what) and `demo`.
"""
