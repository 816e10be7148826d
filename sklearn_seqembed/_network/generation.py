"""Sequences said step by step, for a whole batch at once: greedily, or by beam search.

Axes as in `_network/encoder_decoder.py`; B hypotheses of a beam.
"""

import torch
from torch.nn import functional


def decode_greedily(decoder, last, longest, shortest=1, lengths=None):
    """Say the likeliest step each time; what has ended leaves the batch.

    Parameters
    ----------
    decoder : AutoregressiveDecoder
        The decoder.
    last : tensor of shape (N, n_last)
        Last states.
    longest, shortest : int
        The most and the fewest steps of a sequence.
    lengths : int64 tensor of shape (N,), default=None
        Steps of each sequence; None lets the decoder decide.

    Returns
    -------
    values : float32 tensor of shape (N, longest, F)
        Scaled values; after a sequence's end 0.
    classes : int64 tensor of shape (N, longest, K)
        Indices of categories; after the end 0.
    lengths : int64 tensor of shape (N,)
        Steps of each sequence.
    """
    n_samples, n_classes = len(last), len(decoder.heads.widths)
    said = last.new_zeros(n_samples, longest, decoder.n_features)
    classes = torch.zeros(
        n_samples, longest, n_classes, dtype=torch.int64, device=last.device
    )
    found = torch.full((n_samples,), longest, device=last.device)
    alive = torch.arange(n_samples, device=last.device)
    state, value, chosen = decoder.initial_state(last), None, None
    for t in range(longest):
        value, scores, ends, state = decoder.step(last, state, value, chosen)
        has_ended = ends > 0 if lengths is None else lengths[alive] <= t
        if t >= shortest and bool(has_ended.any()):
            found[alive[has_ended]] = t
            stays = torch.nonzero(~has_ended)[:, 0]
            alive, last, value = alive[stays], last[stays], value[stays]
            scores, state = scores[stays], _take(state, stays)
            if not len(alive):
                break
        value, chosen = decoder.choose(value[:, None], scores[:, None])
        value, chosen = value[:, 0], chosen[:, 0]
        said[alive, t], classes[alive, t] = value, chosen
    return said, classes, found


def search_beam(decoder, last, longest, shortest, beam_size, length_penalty):
    """Look for the likeliest sequences of one categorical feature, B at a time.

    Parameters
    ----------
    decoder : AutoregressiveDecoder
        The decoder.
    last : tensor of shape (N, n_last)
        Last states.
    longest, shortest : int
        The most and the fewest steps of a sequence.
    beam_size : int
        Number B of hypotheses that are kept at each step.
    length_penalty : float
        Hypotheses are ranked by their log probability over their length to this power.

    Returns
    -------
    classes : int64 tensor of shape (N, B, longest)
        Indices of categories, the best hypothesis first; after the end 0.
    lengths : int64 tensor of shape (N, B)
        Steps of each hypothesis; 0 where there are not so many.
    log_probabilities : float32 tensor of shape (N, B)
        Natural logarithms, the end included; -inf where there are not so many.
    """
    beams = _Beams(decoder, last, longest, beam_size, length_penalty)
    for t in range(longest):
        ends, scores = beams.step()
        if t >= shortest:
            beams.finish(ends, t)
            if beams.drop_settled(t):
                break
        beams.extend(ends if t >= shortest else None, scores, t)
    else:
        beams.finish(None, longest)
    return beams.classes, beams.lengths, beams.log_probabilities


class _Beams:
    """The hypotheses of all sequences that are still looked for, and those found."""

    def __init__(self, decoder, last, longest, beam_size, length_penalty):
        n_samples, device = len(last), last.device
        self.decoder, self.size, self.penalty = decoder, beam_size, length_penalty
        self.longest = longest
        self.alive = torch.arange(n_samples, device=device)
        self.last = last.repeat_interleave(beam_size, dim=0)  # (N * B, ·)
        self.state = decoder.initial_state(self.last)
        self.values = last.new_zeros(len(self.last), 0)
        self.chosen = None
        # At first all hypotheses are the same one: only one of them counts.
        self.sums = last.new_full((n_samples, beam_size), -torch.inf)
        self.sums[:, 0] = 0.0
        shape = n_samples, beam_size
        self.tokens = torch.zeros(*shape, longest, dtype=torch.int64, device=device)
        self.classes = torch.zeros_like(self.tokens)
        self.lengths = torch.zeros(shape, dtype=torch.int64, device=device)
        self.log_probabilities = last.new_full(shape, -torch.inf)
        self.ranks = last.new_full(shape, -torch.inf)

    def step(self):
        """Say one step: logits of the end (N, B), log probabilities (N, B, ·)."""
        values = None if self.chosen is None else self.values
        _, scores, ends, self.state = self.decoder.step(
            self.last, self.state, values, self.chosen
        )
        (scores,) = self.decoder.heads.log_probabilities(scores)
        shape = len(self.alive), self.size
        return ends.float().reshape(shape), scores.reshape(*shape, -1)

    def finish(self, ends, length):
        """Let all hypotheses end here, and keep the best that have ended."""
        sums = self.sums if ends is None else self.sums + functional.logsigmoid(ends)
        at = self.alive
        ranks = torch.cat([self.ranks[at], sums / length**self.penalty], dim=1)
        ranks, best = ranks.topk(self.size, dim=1)
        lengths = torch.full_like(self.lengths[at], length)
        self.ranks[at] = ranks
        for found, new in (
            (self.log_probabilities, sums),
            (self.lengths, torch.where(sums.isinf(), 0, lengths)),
            (self.classes, self.tokens),
        ):
            both = torch.cat([found[at], new], dim=1)
            index = best if both.ndim == 2 else best[:, :, None].expand_as(new)
            found[at] = both.gather(1, index)

    def drop_settled(self, length):
        """Leave out sequences that no hypothesis can better; tell if none is left."""
        # A log probability can only fall: at best it stays, over the longest length.
        furthest = self.longest if self.penalty > 0 else length
        hope = self.sums.amax(dim=1) / furthest**self.penalty
        stays = torch.nonzero(hope > self.ranks[self.alive].amin(dim=1))[:, 0]
        if len(stays) < len(self.alive):
            within = torch.arange(self.size, device=stays.device)
            self._keep = (stays[:, None] * self.size + within).flatten()
            self.alive, self.sums = self.alive[stays], self.sums[stays]
            self.tokens, self.last = self.tokens[stays], self.last[self._keep]
            self.state = _take(self.state, self._keep)
            self._stays = stays
        else:
            self._stays = None
        return not len(stays)

    def extend(self, ends, scores, t):
        """Go on with the B likeliest of all next steps."""
        if ends is not None:
            scores = scores + functional.logsigmoid(-ends)[:, :, None]
            if self._stays is not None:
                scores = scores[self._stays]
        n_classes = scores.shape[2]
        sums = (self.sums[:, :, None] + scores).flatten(1)
        n_kept = min(self.size, sums.shape[1])
        sums, best = sums.topk(n_kept, dim=1)  # (N, B)
        parents, classes = best // n_classes, best % n_classes + 1
        if n_kept < self.size:  # fewer classes than hypotheses
            pad = functional.pad
            missing = (0, self.size - n_kept)
            sums = pad(sums, missing, value=-torch.inf)
            parents, classes = pad(parents, missing), pad(classes, missing, value=1)
        first = torch.arange(len(parents), device=parents.device)[:, None] * self.size
        rows = (first + parents).flatten()
        self.state = _take(self.state, rows)
        self.tokens = self.tokens.flatten(0, 1)[rows].reshape(self.tokens.shape)
        self.tokens[:, :, t] = classes
        self.sums = sums
        self.chosen = classes.reshape(-1, 1)
        self.values = self.values.new_zeros(len(rows), 0)


def _take(state, rows):
    """Take rows of the state of LSTM or GRU cells."""
    if isinstance(state, tuple):
        return tuple(part[:, rows].contiguous() for part in state)
    return state[:, rows].contiguous()
