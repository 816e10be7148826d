"""Hashes by which a fit with the same parameters and data is recognized."""

import hashlib
import json

import numpy as np

from sklearn_seqembed._saving.plain import CannotSaveError, Writer

# Parameters that do not change the result.
IGNORED_PARAMETERS = "callbacks", "verbose", "device"


def hash_parameters(estimator):
    """Return a hash of each parameter that changes the result, as a dict."""
    hashes = {}
    for name, value in estimator.get_params(deep=False).items():
        # Without an int, the checkpoint has the state of the random numbers.
        is_seed = name == "random_state" and not isinstance(value, (int, np.integer))
        if name not in IGNORED_PARAMETERS and not is_seed:
            hashes[name] = _hash_value(value)
    return hashes


def _hash_value(value):
    tensors = {}
    try:
        plain = Writer(tensors).write(value)
    except CannotSaveError:  # a scaler of another library, or with functions
        return type(value).__name__
    digest = hashlib.sha256(json.dumps(plain).encode())
    for array in tensors.values():
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def hash_data(pairs):
    """Return a hash of all values of pairs."""
    digest = hashlib.sha256()
    parts = {id(part): part for part in (pairs.sources, pairs.targets)}
    for sequences in parts.values():
        digest.update(np.ascontiguousarray(sequences.lengths, dtype=np.int64))
        for chunk in sequences.iter_chunks():
            digest.update(np.ascontiguousarray(chunk))
        for k, feature in enumerate(sequences.categorical):
            digest.update(repr(feature.categories.tolist()).encode())
            digest.update(np.ascontiguousarray(sequences.codes_of(k)))
        if sequences.n_represented > len(sequences):  # a sample of a stream
            digest.update(str(sequences.tally.checksum).encode())
    return digest.hexdigest()
