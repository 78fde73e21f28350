"""What an ASGI handler costs that reads a body, counts it and answers: `python -m benchmarks.bare PORT`.

The same server, event loop and answer as the gateway's; nothing is looked at and nothing is kept.
"""

import sys
from typing import Any

import uvicorn

ANSWER = b'{"success":true}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]


class Counting:
    """taken: bodies so far."""

    def __init__(self) -> None:
        self.taken = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body", False):
            pass
        self.taken += 1
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        await send({"type": "http.response.body", "body": ANSWER})


def main() -> None:
    uvicorn.run(
        Counting(),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
