"""The judge: faults against the whole system, and a checker that believes only what was sent and what is in the logs.

How to test one fault in a few lines:

    journal = Journal()
    with started(tmp_path, workers=2) as system:  # Kafka, Redis, workers, a gateway
        with driving(system, journal, Traffic(events=5_000, rate=500.0, seed=1)):  # in a thread; `drive` does it here
            faults.kill_worker(system, Random(1))  # returns when the fault is over
        verdict = judge(system, journal)  # waits until all is quiet, stops the workers, compares
    assert verdict.clean, verdict.text()

- `traffic`: what happens in the shop, seeded; `journal`: what was sent and what became of the sending; `senders`: over
  Kafka and over HTTP; `driver`: at a rate.
- `oracle`: every state, decision, stage change and reject, recomputed from the topics by the pure folds; `recount`:
  carts and orders from the journal alone, without the folds; `checker`: both against what Redis and Kafka hold.
- `servers`, `supervisor`, `proxy`, `system`: what is run, killed, paused, cut off; `faults`: by whom and how long.
- `python -m tests.chaos --events 20000 --rate 1000 --every 10 --seed 1` is the mix; `make chaos` the long one.

Real Apache Kafka and redis-server are used where they are installed, the embedded ones elsewhere
(CAUDAL_CHAOS_SERVERS=real or embedded decides); what the embedded broker cannot take is not asked of it.
"""
