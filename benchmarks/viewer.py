"""A viewer of ``allaprima live``: it takes every painting over HTTP, as the page does."""

from __future__ import annotations

import http.client
import time


class Viewer:
    """What looks at the paintings of a page on that host and port."""

    def __init__(self, host: str, port: int) -> None:
        self.connection, self.number = http.client.HTTPConnection(host, port, timeout=300), 0

    def looked(self, seconds: float) -> list[float]:
        """The ages of all paintings that come within so many seconds, milliseconds.

        To the age that the server tells, the time of the viewer's own request is added.
        """
        ages: list[float] = []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.connection.request("GET", f"/frame?after={self.number}")
            answer = self.connection.getresponse()
            answered = time.monotonic()
            answer.read()
            if answer.status == http.client.OK:
                self.number = int(answer.headers["X-Number"])
                ages.append(float(answer.headers["X-Age"]) + 1000 * (time.monotonic() - answered))
        return ages
