"""Ask the collector of this container whether it is well: the image's HEALTHCHECK.

Exit code 0 means that it is. What is wrong is printed, for `docker inspect`.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

_PATIENCE_S = 8


def main() -> int:
    """Return 0 if all is well, else 1."""
    # The same variable that tells the collector where to serve.
    port = os.environ.get("METRICS_PORT", "")
    if not port.isdigit():
        print("METRICS_PORT is no port, so the collector serves no /healthz; set it to 9100")
        return 1
    try:
        status, said = _ask(int(port))
    except (OSError, HTTPException) as error:
        print(f"cannot ask 127.0.0.1:{port}/healthz: {error}; was --metrics-port another?")
        return 1
    print(said)
    return int(status != 200)


def _ask(port: int) -> tuple[int, str]:
    # No proxy stands between this container and itself, whatever its environment says.
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace").strip()


if __name__ == "__main__":
    sys.exit(main())
