"""Decoding of vectors into sequences, with given or predicted lengths."""

import numpy as np

from sklearn_seqembed._network.loss import end_log_likelihood
from sklearn_seqembed._training.batching import iter_inference_batches, round_up_length


def decode_vectors(
    net, features, vectors, part, lengths, shortest=None, location_scale=None
):
    """Decode vectors into sequences, all steps of a sequence at once.

    Parameters
    ----------
    net : SequenceNet
        The trained net.
    features : FeatureEncoder
        The encoder of the features, which also converts results to the user's units and
        categories.
    vectors : float32 ndarray of shape (n_samples, C)
        The vectors.
    part : str
        Name of the decoder.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence or, with `shortest`, an upper bound on it.
    shortest : int, default=None
        Smallest number of time steps, if the network chooses the lengths. With None,
        the lengths are `lengths`.
    location_scale : ndarray of shape (n_samples, 2, F), default=None
        Location and scale of the values, computed by :class:`RelativeTargets`.

    Returns
    -------
    Sequences
        Numbers in the user's units, and categories; infrequent ones have code -1.
    """
    n_samples = len(vectors)
    patch_size = net.module_.decoders[part].patch_size
    costs = net.inference_costs(decodes=True)
    # Batches are in order of length, results in order of `vectors`.
    values, classes = [None] * n_samples, [None] * n_samples
    for indices in iter_inference_batches(lengths, patch_size, *costs):
        n_steps = round_up_length(lengths[indices].max(), patch_size)
        given = lengths[indices] if shortest is None else None
        scaled, ends, found = net.decode(vectors[indices], part, n_steps, given)
        scaled = scaled.numpy()
        if location_scale is not None:
            scaled = restore(scaled, location_scale[indices])
        n_kept = given
        if given is None:
            n_kept = _choose_lengths(ends, shortest, lengths[indices])
            if (
                net.module_.decoders[part].inverts is not None
            ):  # values depend on the length
                decoded = net.decode(vectors[indices], part, n_steps, n_kept)
                scaled = decoded[0].numpy()
        # Steps after the end of a sequence are arbitrary.
        inside = np.arange(n_steps) < n_kept[:, None]
        cuts = np.cumsum(n_kept)[:-1]
        decoded = np.split(features.numeric.decode(scaled[inside]), cuts)
        found = np.split(found.numpy()[inside], cuts)
        for i, own_values, own_classes in zip(indices, decoded, found, strict=True):
            values[i], classes[i] = own_values, own_classes
    offsets = np.cumsum([0, *map(len, values)])
    return features.decode(np.concatenate(values), np.concatenate(classes), offsets)


def restore(values, location_scale):
    """Restore the location and scale (N, 2, F) of relative values (N, L, F)."""
    if location_scale is None:
        return values
    return values * location_scale[:, 1:] + location_scale[:, :1]


def _choose_lengths(ends, shortest, longest):
    """Choose the most likely length of each sequence, from `shortest` to `longest`."""
    likelihood = end_log_likelihood(ends)[:, shortest - 1 : longest.max()]
    return likelihood.argmax(dim=1).numpy() + shortest
