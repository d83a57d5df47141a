"""Hypothesis profiles. `HYPOTHESIS_PROFILE` chooses: `default`, `ci` (the same examples every time) or `nightly`."""

import os

from hypothesis import HealthCheck, settings

# No deadlines: an oracle call in ball arithmetic may take a second, and speed is measured in benchmarks/, not here.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
