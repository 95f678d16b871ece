"""What `./run bench` measures: every figure beside its limit, both measured in the same run."""
