"""What is measured, each with a peer beside it: `python -m benchmarks.<name>`."""
