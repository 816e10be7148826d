"""What does a second thread change, alone and next to another program?

`fit` of the textbook network, and `transform` by an LSTM alone, run with one and with
two threads, in turn, in processes that are pinned to one and to two cores. So does a
fit of a plain PyTorch loop ("bare torch") on the smallest case, once for one epoch.
Then another program uses one core without a break, the same for both. Ratios are
seconds with one thread divided by seconds with two: above 1 the second thread helps.
Both seconds are the lowest of all rounds, because all other programs on the machine can
only make a call slower.
"""

import contextlib
import dataclasses
import multiprocessing
import os

from ..formatting import make_table
from ..runner import judge, show_progress
from ..timing import calls, take_turns
from ..workers import Worker, available_cores, can_pin
from .cases import CASES

ROUNDS = 3
OURS, BARE = "speed.contenders.ours", "speed.contenders.bare_torch"

# Epochs of a fit, so that it takes less than a second on one thread, by case.
N_EPOCHS = {"steps24-16": 3, "steps100-128": 1, "lognormal-64": 1}
QUICK = BARE_CASES = ("steps24-16",)  # bare torch may take a minute with two threads

# Tolerance for noise of "never slower" on a machine with nothing else to do.
LEAST_RATIO = 0.9

BARE_FIT = "bare torch, fit"
ALONE, BUSY = "", "one core in use"
COLUMNS = {
    "case": "",
    "call": "",
    "other programs": "",
    "one thread, s": ".3f",
    "two threads, s": ".3f",
    "one / two": ".2f",
}


def run(options):
    """Measure all cases alone, and next to another program."""
    n_rounds = 1 if options.quick else ROUNDS
    rows = []
    with (
        Worker(OURS, 1) as ours_1,
        Worker(OURS, 2) as ours_2,
        Worker(BARE, 1) as bare_1,
        Worker(BARE, 2) as bare_2,
    ):
        ours = {"one": ours_1, "two": ours_2}
        bare = {"one": bare_1, "two": bare_2}
        for case in CASES:
            if case.name not in (QUICK if options.quick else N_EPOCHS):
                continue
            case = dataclasses.replace(case, epochs=N_EPOCHS[case.name])
            show_progress(f"threads: {case.name}")
            for other in (ALONE, BUSY):
                with _other_program() if other else contextlib.nullcontext():
                    rows += measure(case, other, ours, bare, n_rounds)
    return {
        "tables": {
            "threads": make_table("One and two threads", COLUMNS, rows),
        },
        "targets": judge_all(rows),
        "rounds": n_rounds,
    }


def measure(case, other, ours, bare, n_rounds):
    """Return the rows of a case: fit, transform and the fit of bare torch."""
    contenders = {
        "fit": calls(ours, "fit", case=case, epochs=case.epochs),
        "transform": calls(ours, "transform", case=case, bidirectional=True),
    }
    if case.name in BARE_CASES:
        contenders[BARE_FIT] = calls(bare, "fit", case=case, epochs=1)
    rows = []
    for call, both in contenders.items():
        if call != BARE_FIT:
            for start in both.values():
                start()  # data and first calls are not timed
        figures = take_turns(both, 1 if call == BARE_FIT else n_rounds)
        one, two = min(figures["one"]), min(figures["two"])
        rows.append(
            {
                "case": case.name,
                "call": call,
                "other programs": other,
                "one thread, s": one,
                "two threads, s": two,
                "one / two": one / two,
                "figures": figures,
            }
        )
    return rows


def judge_all(rows):
    """Judge how much a second thread helps."""
    targets = {
        ("fit", ALONE): LEAST_RATIO,
        ("transform", ALONE): 1.0,
        ("fit", BUSY): 0.5,
    }
    judged = []
    for (call, other), least in targets.items():
        ratios = {
            row["case"]: row["one / two"]
            for row in rows
            if (row["call"], row["other programs"]) == (call, other)
        }
        lowest = min(ratios, key=ratios.get)
        judged.append(
            judge(
                f"threads: one / two, {call}{', ' if other else ''}{other}",
                f"at least {least:g}",
                f"lowest {ratios[lowest]:.2f} ({lowest})",
                ratios[lowest] >= least,
            )
        )
    return judged


@contextlib.contextmanager
def _other_program():
    """Keep the first core busy, which all contenders may use, in a with block."""
    process = multiprocessing.get_context("spawn").Process(
        target=_count_without_end, args=(available_cores()[0],), daemon=True
    )
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _count_without_end(core):
    if can_pin():
        os.sched_setaffinity(0, [core])
    parent = os.getppid()
    while os.getppid() == parent:  # it ends if the program was killed
        pass
