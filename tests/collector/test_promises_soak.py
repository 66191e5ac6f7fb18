"""Under faults for long, with connections that are replaced all the time, nothing grows."""

from pathlib import Path

from tests.exchange.soak import Soak, soak
from tests.exchange.standstill import unless_the_machine_stood_still


@unless_the_machine_stood_still
def test_a_collector_under_faults_does_not_grow(tmp_path: Path) -> None:
    soaked = soak(Soak(duration_s=36.0, speed=4.0, rotate_s=15.0), tmp_path)

    assert () == soaked.complaints, "\n".join(soaked.complaints)
    assert 0 == soaked.exit_code
    assert soaked.connections > 8
