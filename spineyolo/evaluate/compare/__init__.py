"""Models side by side: the same films, one evaluator, accuracy with intervals, time and memory, from one run."""
