"""What the names of columns say: whether columns are time steps or features."""

import re

# Names of months and days, which count as numbers.
_CALENDAR = re.compile(
    r"(?<![a-z])(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|"
    r"aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|"
    r"mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|"
    r"sat(?:urday)?|sun(?:day)?)(?![a-z])"
)
# Names of features that are letters in alphabetical order.
_AXES = {"x", "y", "z"}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SEPARATORS = re.compile(r"[\W_]+")
# Names of columns that hold times.
_TIME_NAME = re.compile(r"^t$|time|date|day|hour|week|month|year|step|period|index")
# Words that stand beside the number of a time step.
_TIME_WORDS = {
    "",
    *("t", "ts", "time", "timestep", "step", "lag", "frame", "visit", "wave", "period"),
    *("s", "sec", "second", "ms", "min", "minute", "h", "hr", "hour", "am", "pm"),
    *("d", "day", "w", "wk", "week", "m", "month", "q", "quarter", "y", "yr", "year"),
}


def is_time_name(name):
    """Return whether the name of a column or a level holds a word of time."""
    return bool(_TIME_NAME.search(name.lower()))


def describe_names(names):
    """Say what the names of columns stand for.

    Parameters
    ----------
    names : list or tuple
        Names of all columns.

    Returns
    -------
    meaning : {"times", "numbered", "features"}
        "times" for numbers and dates, also as strings and beside a word of time such as
        "t0" or "week_1"; "numbered" for other words with a running number or letter,
        such as "x0" or "a", "b", "c"; "features" for names without a common pattern.
    """
    if not any(isinstance(name, str) for name in names):
        return "times"
    if not all(isinstance(name, str) for name in names):
        return "features"
    numbered = [_CALENDAR.sub("0", name.lower()) for name in names]
    words = [_NUMBER.sub("", name) for name in numbered]
    stems = {_SEPARATORS.sub("", word) for word in words}
    n_numbers = sum(map(str.__ne__, words, numbered))
    if 2 * n_numbers >= len(names) and n_numbers:
        if stems <= _TIME_WORDS:
            return "times"
        if len(stems) == 1:
            return "numbered"
    is_numbered = _are_letters(names) and set(names) - _AXES
    return "numbered" if is_numbered else "features"


def _are_letters(names):
    """Return whether names are successive letters."""
    if not all(len(name) == 1 and name.isalpha() for name in names):
        return False
    first = ord(names[0])
    return [ord(name) - first for name in names] == list(range(len(names)))
