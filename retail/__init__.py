"""What we talk about: events, customers, stores, offers, and the pure folds over them.

Start with `events`, then `customers`, `journey` (the fold), `offers`, `decisions`, `slates`.
"""
