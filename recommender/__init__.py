"""What to answer: pure decisions and models; `training/` is offline.

Start with `recommend`, then `promote` and `gate`.
"""
