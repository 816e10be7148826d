"""One module a contender, each run in a process of its own by `_measure.Worker`."""
