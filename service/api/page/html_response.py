"""An HTML page as a response: with its policy, and compressed if the client accepts gzip."""

import gzip
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from flask import Response, request

from service.api.request_state import state_of

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Page:
    """Constant content and its Content-Security-Policy."""

    content: bytes
    policy: str

    @cached_property
    def zipped(self) -> bytes:
        """The content, compressed once."""
        return gzip.compress(self.content, mtime=0)

    def answer(self, status: int = 200) -> Response:
        """Respond with the page."""
        state_of(request.environ).content_security_policy = self.policy
        headers = {"Vary": "Accept, Accept-Encoding"}
        content = self.content
        if request.accept_encodings["gzip"]:
            headers["Content-Encoding"] = "gzip"
            content = self.zipped
        return Response(content, status, headers, content_type=HTML)


def policy(style: str, script: str = "'none'", connect: str = "'none'") -> str:
    """A policy that allows these sources and data: images only."""
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; "
        f"img-src data:; connect-src {connect}; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def digest(content: bytes) -> str:
    """The policy's source expression for an inline script or style."""
    return f"'sha256-{b64encode(sha256(content).digest()).decode()}'"
