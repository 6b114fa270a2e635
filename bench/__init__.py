"""Benches: inputs of known mix, fresh processes, CPU seconds beside a reference loop of the same run."""
