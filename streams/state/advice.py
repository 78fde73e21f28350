"""Faults of Redis in our words: what failed, where, what to do."""

from streams.state import StateUnavailable

ADVICE = {
    "OOM": "it is full: raise its maxmemory; nothing is lost meanwhile, the events wait in Kafka",
    "READONLY": "it is a replica: point CAUDAL_REDIS_URL at the primary",
    "LOADING": "it is loading its data and will answer when it is done",
    "BUSY": "a script keeps it busy; SCRIPT KILL ends one that was not ours",
    "MISCONF": "it cannot write its data to disk: look at its log",
    "NOAUTH": "it wants a password: put it into CAUDAL_REDIS_URL, redis://:PASSWORD@host:6379/0",
    "WRONGPASS": "the password in CAUDAL_REDIS_URL is wrong",
    "NOPERM": "the user in CAUDAL_REDIS_URL lacks a permission",
    "MOVED": "the cluster's servers disagree about who has the slot, or our user may not ask them: it needs "
    "+cluster|slots and +cluster|info",
    "ASK": "the slot is being moved, and its new server does not take it yet",
    "TRYAGAIN": "its slot is being moved to another server; work goes on when the move is over",
    "CLUSTERDOWN": "a part of the cluster has no primary: it goes on when a replica takes over or the server is back; "
    "if it stays so, look at CLUSTER INFO and CLUSTER NODES",
    "CROSSSLOT": "keys of several partitions in one command: this is a fault of ours, please report it",
    "WRONGTYPE": "a key of ours holds something else: does another application use this database?",
}
"""What to do, by the first word of the server's error."""

NO_SUCH_DATABASE = "this server has no such database, a cluster has 0 alone: end CAUDAL_REDIS_URL with /0"
"""Advice where the number at the end of the URL is refused, in either of the words below."""

TLS = "CAUDAL_REDIS_URL begins with rediss: does this server speak TLS?"
"""Advice where nothing was ever answered over TLS: a server that does not speak it waits for more."""

UNTRUSTED = "name the authority that signed its certificate: ?ssl_ca_certs=FILE at the end of CAUDAL_REDIS_URL"
"""Advice where a certificate is not believed."""

_REFUSED_DATABASE = ("DB index is out of range", "SELECT is not allowed in cluster mode")


def unavailable(place: str, fault: BaseException) -> StateUnavailable:
    """place: the server, without its password."""
    text = str(fault) or type(fault).__name__
    code = getattr(fault, "status_code", None) or text.split(" ", 1)[0]
    advice = ADVICE.get(code)
    if any(words in text for words in _REFUSED_DATABASE):
        advice = NO_SUCH_DATABASE
    if "CERTIFICATE_VERIFY_FAILED" in text:
        advice = UNTRUSTED
    return StateUnavailable(f"{place}: {text}" + (f" ({advice})" if advice else ""))
