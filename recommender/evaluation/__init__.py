"""How good the shipped models are on anyone's data, beside the baselines; offline.

Start with `baskets` and `sessions`, then `report`.
"""
