"""Vectors played back: steps in the user's units, of lengths that are told or said."""

import numpy as np

from sklearn_seqembed._network.loss import end_log_likelihood
from sklearn_seqembed._training.batching import inference_batches, padded_length


def decode_vectors(net, features, vectors, part, lengths, shortest=None, levels=None):
    """Play vectors back, all steps of each at once.

    Parameters
    ----------
    net : SequenceNet
        The net.
    features : FeatureEncoder
        Brings steps back to the user's units.
    vectors : float32 ndarray of shape (n_samples, C)
        The vectors.
    part : str
        The decoder that plays.
    lengths : int64 ndarray of shape (n_samples,)
        Steps of each sequence, or the most that it may have.
    shortest : int, default=None
        The fewest steps where the network decides; None where `lengths` holds.
    levels : ndarray of shape (n_samples, 2, F), default=None
        Level and scale of each sequence's values, as of :class:`RelativeTargets`.

    Returns
    -------
    Sequences
        Numbers in the user's units, and categories of which -1 is unknown.
    """
    n_samples = len(vectors)
    patch_size = net.module_.decoders[part].patch_size
    costs = net.inference_costs(decodes=True)
    arrays, classes = [None] * n_samples, [None] * n_samples
    for indices in inference_batches(lengths, patch_size, *costs):
        n_steps = padded_length(lengths[indices].max(), patch_size)
        n_kept = lengths[indices]
        told = n_kept if shortest is None else None
        played = net.decode(vectors[indices], part, n_steps, told)
        values, ends, found = played
        values = values.numpy()
        if levels is not None:
            values = values * levels[indices, 1:] + levels[indices, :1]
        if told is None:
            n_kept = _choose_lengths(ends, shortest, n_kept)
        rows = np.arange(n_steps) < n_kept[:, None]
        cuts = np.cumsum(n_kept)[:-1]
        values = np.split(features.numeric.decode(values[rows]), cuts)
        found = np.split(found.numpy()[rows], cuts)
        for i, array, indexed in zip(indices, values, found, strict=True):
            arrays[i], classes[i] = array, indexed
    offsets = np.cumsum([0, *map(len, arrays)])
    return features.decode(np.concatenate(arrays), np.concatenate(classes), offsets)


def _choose_lengths(ends, shortest, most):
    """Choose the most likely length of each, from `shortest` to `most` (N,)."""
    likelihood = end_log_likelihood(ends)[:, shortest - 1 : most.max()]
    return likelihood.argmax(dim=1).numpy() + shortest
