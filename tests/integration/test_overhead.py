"""The benchmark runs, and the runner costs about what nbclient costs by itself."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "runner_overhead.py"


@pytest.mark.quiet
def test_the_runner_costs_little_more_than_nbclient_itself(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))  # what the benchmarks share
    spec = importlib.util.spec_from_file_location("runner_overhead", SCRIPT)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    times = benchmark.measure(benchmark.CELLS, cells=200, rounds=3)
    wall = min(wall for wall, _ in times["nbclient"])
    own = {name: min(cpu for _, cpu in rounds) for name, rounds in times.items()}
    # Both wait for the same kernel; what the runner adds is its own CPU. The aim is 0.05 of nbclient's whole time;
    # by the clock a busy machine would decide.
    assert (own["runner"] - own["nbclient"]) / wall < 0.15
