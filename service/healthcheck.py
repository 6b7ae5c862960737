"""`python -m service.healthcheck`, the container's own check: exit 0 if the process answers.

The image needs no curl for it.
"""

import http.client
import sys

PORT = 8080  # as gunicorn binds it


def main(port: int = PORT) -> int:
    """Request `GET /health/live` once; the exit code."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/health/live")
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer on port {port}: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
