"""An S3 server on loopback that does nothing but list a bucket of so many photographs, 1,000 at a time, as S3 does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 1000
FORM = '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{}</ListBucketResult>'
OBJECT = (
    "<Contents><Key>{prefix}IMG_{number:08}.JPG</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    '<ETag>"{number:032x}"</ETag><Size>{number}</Size><StorageClass>STANDARD</StorageClass></Contents>'
)


def client_environment(address: str) -> dict[str, str]:
    """What S3's clients need to know of a server that lets everybody in."""
    return {
        "AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip


@contextmanager
def listing_server(count: int) -> Iterator[dict[str, str]]:
    """A server whose every prefix holds so many photographs.

    Yields:
        The environment in which S3's clients find it.
    """

    class Lists(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            began = int(asked.get("continuation-token", 0))
            numbers = range(began, min(began + PAGE, count))
            text = "".join(OBJECT.format(prefix=asked["prefix"], number=number) for number in numbers)
            if numbers.stop < count:
                text += f"<IsTruncated>true</IsTruncated><NextContinuationToken>{numbers.stop}</NextContinuationToken>"
            data = FORM.format(text).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nobody is told."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Lists) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield client_environment(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
