"""The collector's container at work: it records a local exchange into an emulated bucket."""

import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from images.build import Image
from images.engine import Engine, Failed
from images.inspection import Check
from lake.open import open_lake
from tests.exchange import Exchange, Pace, Settings, ledger_equals_lake

SYMBOLS = ("BTCUSDT", "ETHUSDT")
STOPPED_WITHIN_S = 8.0
_HEALTHY_WITHIN_S = 60.0


@dataclass(frozen=True)
class Bucket:
    """A bucket in an emulator, and the lake in it."""

    emulator: str
    lake: str

    @property
    def variable(self) -> str:
        """Return the setting that sends a program there."""
        return f"STORAGE_EMULATOR_HOST={self.emulator}"


@dataclass(frozen=True)
class Container:
    """A collector in a container, which a process of Podman runs in the foreground."""

    engine: Engine
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def health(self, test: Sequence[str]) -> tuple[bool, str]:
        """Run the image's own health check inside; return whether it is well, and its words."""
        if self.process.poll() is not None:
            last = self.log.read_text(errors="replace").strip().splitlines()[-1:]
            raise Failed(f"the collector's container ended by itself: {' '.join(last)}")
        try:
            return True, self.engine.podman("exec", self.name, *test).strip()
        except Failed as failed:
            return False, str(failed)

    def stop(self) -> tuple[float, int]:
        """Ask it to end as a cloud does; return after how many seconds it did, and how."""
        began_s = time.monotonic()
        self.engine.podman("stop", "--time", f"{STOPPED_WITHIN_S:.0f}", self.name)
        code = self.process.wait()
        return time.monotonic() - began_s, code


def checks_of_recording(
    engine: Engine, image: Image, bucket: Bucket, seconds: float
) -> Iterator[Check]:
    """Record for some seconds; check health, the end, and the lake by the exchange's ledger."""
    with Exchange(Settings(symbols=SYMBOLS, pace=Pace(20.0))) as exchange:
        with _recording(engine, image, bucket, exchange) as container:
            test = image.config["Healthcheck"]["Test"][1:]
            began_s = time.monotonic()
            yield Check("becomes healthy", *_health_in_time(container, test))
            time.sleep(max(0.0, seconds - (time.monotonic() - began_s)))
            yield Check("is healthy at the end", *container.health(test))
            took_s, code = container.stop()
        good = code == 0 and took_s < STOPPED_WITHIN_S
        yield Check("SIGTERM ends it", good, f"exit code {code} after {took_s:.1f} s")
    yield _judged(exchange, bucket)


def _health_in_time(container: Container, test: Sequence[str]) -> tuple[bool, str]:
    began_s = time.monotonic()
    while True:
        good, said = container.health(test)
        took_s = time.monotonic() - began_s
        if good or took_s > _HEALTHY_WITHIN_S:
            return good, f"{said} after {took_s:.1f} s"
        time.sleep(0.5)


def _judged(exchange: Exchange, bucket: Bucket) -> Check:
    stalls_s = exchange.ledger.stalls_s
    verdict = ledger_equals_lake(exchange.ledger, open_lake(bucket.lake))
    stood = f"the machine stood still for {max(stalls_s):.1f} s: " if stalls_s else ""
    seen, *counts = str(verdict).splitlines()
    return Check("lake has what was sent", verdict.good, f"{stood}{seen}; {'; '.join(counts)}")


@contextmanager
def _recording(
    engine: Engine, image: Image, bucket: Bucket, exchange: Exchange
) -> Iterator[Container]:
    name = f"flowlake-check-{secrets.token_hex(4)}"
    command = engine.command(
        "--name", name, "--env", bucket.variable, "--env", f"METRICS_PORT={_free_port()}",
        image.tag, "run", "--symbols", ",".join(SYMBOLS), "--lake", bucket.lake,
        "--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="flowlake-images-") as folder:
        log = Path(folder, "collector.log")
        with log.open("wb") as words:
            process = subprocess.Popen(command, stdout=words, stderr=words)
        try:
            yield Container(engine, name, process, log)
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
