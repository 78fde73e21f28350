"""When it happens: Kafka, Faust, Redis, delivery channels: all the I/O of the worker.

Start with `app` (what is wired to what), then `identify`, `journey`, `deliver`.
"""
