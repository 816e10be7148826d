"""Strings that look like lists, times, numbers or paths, but are read as categories."""

import ast
import json
import re
from contextlib import suppress

import numpy as np

# At most this many strings are looked at.
MAX_TEXTS = 100
# At least this fraction of them must look alike.
MIN_FRACTION = 0.9
# More categories than this, of which nearly all are distinct, are not a vocabulary.
MAX_DISTINCT = 1000

_NUMBER = re.compile(
    r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|none|null|true|false|\.\.\.", re.I
)
# How numpy, torch and polars print arrays, tensors and Series.
_PRINTED = re.compile(r"(?:array|tensor)\(.*\)|shape: \(\d+.*\n.*", re.S)
_DECIMAL = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)?\.\d+|[1-9]\d*\.?\d*[eE][+-]?\d+)")
# Decimal commas, thousands, and signs of currencies or percent.
_FORMATTED = re.compile(
    r"[+-]?[$\u20ac\u00a3\u00a5]? ?[+-]?(?:\d+|\d{1,3}(?:[,.' ]\d{3})+)(?:[.,]\d+)?"
    r" ?[$\u20ac\u00a3\u00a5%]?"
)
_SEPARATORS = (",", ";", "|", "\t", ">")
# Parts between separators are tokens if each occurs so many times on average.
MIN_REPETITIONS = 3
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d*)|nan", re.I)
_GEOMETRY = re.compile(r"[A-Z]+ ?Z? ?\(+ ?[-+\d.]+ .*\)", re.S)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_TIME = re.compile(
    rf"(?:\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{4}})"
    rf"(?:[T ]{_CLOCK} ?(?:Z|UTC|[+-]\d{{2}}:?\d{{2}})?)?|{_CLOCK}"
    r"|\d{8}T\d{4}(?:\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?"
)
_BRACKETS = ("[]", "()", "{}")


def describe_text(feature, starts, lengths, locator):
    """Say how strings that look like something else were read, and what to do.

    Parameters
    ----------
    feature : CategoricalFeature
        Characters or tokens.
    starts, lengths : int64 ndarray of shape (n_samples,)
        First row and number of time steps of each sequence.
    locator : Locator
        How messages name the sequences.

    Returns
    -------
    message : str or None
        None if there is nothing to say.
    """
    characters = are_characters(feature.categories)
    if characters:
        texts = _join_characters(feature, starts, lengths)
        read = "sequences of characters"
    else:
        texts = feature.categories[_spread(len(feature.categories))].tolist()
        n = len(feature.categories)
        read = f"tokens of {n} {'category' if n == 1 else 'categories'}"
    read = f"{locator.whole} was read as {read}, but"
    if _most(texts, _is_list):
        example = next(filter(_is_list, texts))
        return (
            f"{read} {_shorten(example)} looks like a list written as text; "
            f"{_parse_line(example)}."
        )
    # Strings of characters may be predicted: dates in another format, for example.
    is_text_target = locator.argument == "y" and characters
    if not is_text_target and _most(texts, _TIME.fullmatch):
        example = next(filter(_TIME.fullmatch, texts))
        remedy = "pass times in the columns of a frame"
        if locator.argument == "y":
            remedy = "predict the time between steps, for example in seconds"
        return (
            f"{read} {_shorten(example)} looks like a time; convert it, for example by "
            f"pandas.to_datetime, and {remedy}."
        )
    if _most(texts, _is_number) and any(map(_DECIMAL.fullmatch, texts)):
        example = next(filter(_DECIMAL.fullmatch, texts))
        return (
            f"{read} {_shorten(example)} looks like a number written as text; convert "
            "it, for example by float."
        )
    may_be_formatted = not is_text_target and any(map(_is_formatted, texts))
    if may_be_formatted and _most(texts, _FORMATTED.fullmatch):
        example = next(filter(_is_formatted, texts))
        return (
            f"{read} {_shorten(example)} looks like a number written as text; remove "
            "signs and separators, and convert it to float."
        )
    may_be_tokens = characters and not is_text_target
    separator = _find_separator(texts) if may_be_tokens else None
    if separator is not None:
        example = next(text for text in texts if separator in text)
        return (
            f"{read} {_shorten(example)} looks like several tokens; if they are the "
            f"time steps, split it: text.split({separator!r})."
        )
    if _most(texts, _is_parquet):
        example = next(filter(_is_parquet, texts))
        return (
            f"{read} {_shorten(example)} looks like the path of a file; to read files, "
            "pass sklearn_seqembed.scan_sequences with a list of paths."
        )
    n_tokens, n_distinct = int(lengths.sum()), len(feature.categories)
    if not characters and n_distinct > max(MAX_DISTINCT, MIN_FRACTION * n_tokens):
        return (
            f"{read} there are only {n_tokens} time steps, so nearly every token is "
            "distinct; leave out identifiers, convert numbers and times, or set "
            "min_frequency."
        )
    return None


def are_times(texts):
    """Return whether texts are dates or times, by some of them.

    Parameters
    ----------
    texts : ndarray of object
        Texts, or other values, of which none are times.
    """
    some = texts[_spread(len(texts))]
    return _most(some, lambda text: isinstance(text, str) and _TIME.fullmatch(text))


def list_forms(parsed):
    """List for each feature whether its strings are characters or tokens.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences.

    Returns
    -------
    forms : tuple of {"characters", "tokens", None}
        "characters" if strings were split into characters, "tokens" if a time step
        holds a string of another length; None for other features, and for tokens of one
        character each, which are read like strings.
    """
    forms = []
    for block in parsed.blocks:
        form = None
        if block.kind == "string" and len(block.values.categories):
            is_split = parsed.container.splits_strings(len(forms))
            if is_split or not are_characters(block.values.categories):
                form = "characters" if is_split else "tokens"
        forms += [form] * block.width
    return tuple(forms)


def refuse_other_forms(parsed, expected, source):
    """Raise an error for strings where tokens are expected, or tokens for strings.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences.
    expected : tuple of {"characters", "tokens", None}
        As returned by :func:`list_forms`.
    source : str
        Where strings of this form were passed: "fit" for example.
    """
    if len(expected) != parsed.n_features:
        return  # refused by its own message
    for feature, (form, found) in enumerate(
        zip(expected, list_forms(parsed), strict=True)
    ):
        if None in (form, found) or form == found:
            continue
        whole = parsed.locate(feature).whole
        if found == "characters":
            raise TypeError(
                f"{whole} holds strings, which are sequences of characters, expected "
                f"lists of tokens as in {source}. Split each string into tokens, for "
                "example by text.split()."
            )
        categories = parsed.blocks[feature].values.categories
        if not any(len(category) == 1 for category in categories.tolist()):
            raise TypeError(
                f"{whole} holds lists of tokens such as {categories[0]!r}, expected "
                f"strings, whose time steps are characters, as in {source}. Pass one "
                "string per sequence."
            )


def are_characters(categories):
    """Return whether all categories are single characters."""
    return all(len(category) == 1 for category in categories.tolist())


def _join_characters(feature, starts, lengths):
    """Join the characters of some sequences to strings."""
    categories = np.append(feature.categories, "")  # the code -1 selects the last one
    return [
        "".join(categories[feature.codes[starts[i] : starts[i] + lengths[i]]])
        for i in _spread(len(lengths))
    ]


def _spread(n):
    """Return at most `MAX_TEXTS` positions among n, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, MAX_TEXTS).astype(int)) if n else []


def _most(texts, is_alike):
    """Return whether most texts are alike, and there are any."""
    return sum(map(bool, map(is_alike, texts))) >= MIN_FRACTION * len(texts) > 0


def _is_list(text):
    """Return whether a string is a list or another collection written as text."""
    text = text.strip()
    if text[:1] + text[-1:] in _BRACKETS:
        inner = text[1:-1].strip()
        parts = filter(None, re.split(r"[\s\[\](),]+", inner))
        is_numeric = all(map(_NUMBER.fullmatch, parts))
        return not inner or is_numeric or any(mark in inner for mark in ",:'\"")
    if _GEOMETRY.fullmatch(text) or _PRINTED.fullmatch(text):
        return True
    parts = re.split(r" *[,;|\t] *| +", text)
    is_separated = any(mark in text for mark in ",;|\t.")
    return (len(parts) > 2 and is_separated and all(map(_NUMBER.fullmatch, parts))) or (
        len(parts) > 5 and all(map(_NUMBER.fullmatch, parts))
    )


def _is_formatted(text):
    """Return whether a string is a number with a comma or a sign such as that of %."""
    return bool(_FORMATTED.fullmatch(text)) and re.search("[^-+.0-9]", text) is not None


def _find_separator(texts):
    """Return what separates tokens that occur repeatedly, None if nothing does."""
    for separator in _SEPARATORS:
        if not _most(texts, lambda text, mark=separator: mark in text.strip(mark)):
            continue
        tokens = [token.strip() for text in texts for token in text.split(separator)]
        if len(tokens) >= MIN_REPETITIONS * len(set(tokens)):
            return separator
    return None


def _is_parquet(text):
    return text.lower().endswith((".parquet", ".pq"))


def _is_number(text):
    return _DECIMAL.fullmatch(text) or _INTEGER.fullmatch(text)


def _parse_line(text):
    """Say how to parse a list written as text."""
    parser = _find_parser(text.strip())
    if parser is None:
        return "keep lists in a format that preserves them, such as Parquet"
    return f"parse it, for example by {parser}"


def _find_parser(text):
    """Name a function that parses a text; None if there is no common one."""
    if text[:1] + text[-1:] not in _BRACKETS:
        if _GEOMETRY.fullmatch(text):
            return "shapely.from_wkt"
        if _PRINTED.fullmatch(text):
            return None
        mark = next((mark for mark in ",;|" if mark in text), None)
        return "text.split()" if mark is None else f"text.split({mark!r})"
    with suppress(ValueError):
        json.loads(text)
        return "json.loads"
    # Without commas, Python would join adjacent strings.
    if "," in text or not re.search(r"\s", text):
        with suppress(ValueError, SyntaxError):
            ast.literal_eval(text)
            return "ast.literal_eval"
    is_flat = text.count("[") == 1 and not re.search(r"[,:'\"(]|\.\.\.", text)
    return "text.strip('[]').split()" if is_flat else None


def _shorten(text):
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
