"""The demo: a year of a real grocer's receipts played through the whole system, with a simulated shop floor.

Start with `show` (the order of events), then `year` (the data) and `replay`.
"""
