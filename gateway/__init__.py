"""Whom we talk to: HTTP in and out.

Start with `app` (what is built from what), then `routes` (what is offered to whom), then the answer you care about:
`events`, `sightings`, `recommendations`, `offers`, `inbox`, `health`.
"""
