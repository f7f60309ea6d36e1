"""What every test shares: how hard Hypothesis looks for a counterexample."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,  # machines differ; what takes how long is for the benchmarks
    max_examples=60,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")
