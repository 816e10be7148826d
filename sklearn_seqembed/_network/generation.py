"""Autoregressive decoding of a whole batch: greedily, or by beam search."""

import torch
from torch.nn import functional

from sklearn_seqembed._network.recurrent import select_sequences


def decode_greedily(decoder, final_states, longest, shortest=1, lengths=None):
    """Decode the most likely next step until each sequence ends.

    Parameters
    ----------
    decoder : AutoregressiveDecoder
        The decoder.
    final_states : tensor of shape (N, n_final)
        Final states of the encoder.
    longest, shortest : int
        Bounds on the number of time steps of a sequence.
    lengths : int64 tensor of shape (N,), default=None
        Number of time steps of each sequence. None lets the decoder choose it.

    Returns
    -------
    values : float32 tensor of shape (N, longest, F)
        Values in scaled units, 0 after the end of a sequence.
    classes : int64 tensor of shape (N, longest, K)
        Indices of categories, 0 after the end of a sequence.
    lengths : int64 tensor of shape (N,)
        Number of time steps of each sequence.
    """
    n_samples, device = len(final_states), final_states.device
    shape = n_samples, longest, len(decoder.heads.n_classes)
    all_values = final_states.new_zeros(n_samples, longest, decoder.n_features)
    all_classes = torch.zeros(shape, dtype=torch.int64, device=device)
    chosen_lengths = torch.full((n_samples,), longest, device=device)
    active = torch.arange(n_samples, device=device)  # sequences that have not ended
    state, values, classes = decoder.initial_state(final_states), None, None
    for t in range(longest):
        values, logits, ends, state = decoder.step(final_states, state, values, classes)
        has_ended = ends > 0 if lengths is None else lengths[active] <= t
        if t >= shortest and bool(has_ended.any()):
            chosen_lengths[active[has_ended]] = t
            kept = torch.nonzero(~has_ended)[:, 0]
            if not len(kept):
                break
            active, final_states = active[kept], final_states[kept]
            values, logits = values[kept], logits[kept]
            state = select_sequences(state, kept)
        classes = decoder.heads.most_likely(logits[:, None])[:, 0]  # (N, K)
        all_values[active, t], all_classes[active, t] = values, classes
    return all_values, all_classes, chosen_lengths


def search_beam(decoder, final_states, longest, shortest, beam_size, length_penalty):
    """Search for the most likely sequences of one categorical feature.

    Parameters
    ----------
    decoder : AutoregressiveDecoder
        The decoder.
    final_states : tensor of shape (N, n_final)
        Final states of the encoder.
    longest, shortest : int
        Bounds on the number of time steps of a sequence.
    beam_size : int
        Number B of hypotheses that are kept at each step.
    length_penalty : float
        Hypotheses are ranked by their log probability divided by a power of their
        length. This is the exponent.

    Returns
    -------
    classes : int64 tensor of shape (N, B, longest)
        Indices of categories, the best hypothesis first, 0 after the end of each.
    lengths : int64 tensor of shape (N, B)
        Number of time steps of each hypothesis, 0 where fewer than B exist.
    log_probabilities : float32 tensor of shape (N, B)
        Natural logarithm of the probability of each hypothesis and its end, -inf where
        fewer than B exist.
    """
    search = _BeamSearch(decoder, final_states, longest, beam_size, length_penalty)
    for t in range(longest):
        ends, logits = search.step()  # (N, B) and (N, B, n_classes)
        if t >= shortest:
            search.finish(t, ends)
            kept = search.drop_decided(t)
            if not len(kept):
                break
            logits = logits[kept] + functional.logsigmoid(-ends[kept])[:, :, None]
        search.extend(logits, t)
    else:
        search.finish(longest)
    return search.classes, search.lengths, search.log_probabilities


class _BeamSearch:
    """Hypotheses that can still be extended, and the best finished ones.

    Attributes
    ----------
    active : int64 tensor of shape (N,)
        Sequences of the batch for which the search continues. `sums`, `tokens` and the
        decoder's state have entries for these only.
    sums : float32 tensor of shape (N, B)
        Log probability of each hypothesis that can be extended.
    tokens : int64 tensor of shape (N, B, longest)
        Classes of the hypotheses that can be extended.
    classes, lengths, log_probabilities : tensor
        Finished hypotheses of all sequences: see :func:`search_beam`.
    ranks : float32 tensor of shape (N, B)
        Log probabilities of finished hypotheses after the length penalty.
    """

    def __init__(self, decoder, final_states, longest, beam_size, length_penalty):
        shape, device = (len(final_states), beam_size), final_states.device
        self.decoder, self.longest = decoder, longest
        self.beam_size, self.length_penalty = beam_size, length_penalty
        self.active = torch.arange(len(final_states), device=device)
        self.final_states = final_states.repeat_interleave(beam_size, 0)  # (N * B, ·)
        self.state = decoder.initial_state(self.final_states)
        self.previous = None  # classes of the last step, (N * B, 1)
        # All hypotheses of a sequence are equal at first, so only one of them counts.
        self.sums = final_states.new_full(shape, -torch.inf)
        self.sums[:, 0] = 0.0
        self.tokens = torch.zeros(*shape, longest, dtype=torch.int64, device=device)
        self.classes = torch.zeros_like(self.tokens)
        self.lengths = torch.zeros(shape, dtype=torch.int64, device=device)
        self.log_probabilities = final_states.new_full(shape, -torch.inf)
        self.ranks = final_states.new_full(shape, -torch.inf)

    def step(self):
        """Return logits of the end (N, B), and log probabilities (N, B, n_classes)."""
        values = None
        if self.previous is not None:
            values = self.final_states.new_zeros(len(self.previous), 0)
        _, logits, ends, self.state = self.decoder.step(
            self.final_states, self.state, values, self.previous
        )
        (logits,) = self.decoder.heads.log_probabilities(logits)
        shape = len(self.active), self.beam_size
        return ends.float().reshape(shape), logits.reshape(*shape, -1)

    def finish(self, length, ends=None):
        """End all hypotheses at this length, and keep the B best finished ones.

        `ends` are the logits of an end at this length, or None if every hypothesis must
        end there.
        """
        sums = self.sums if ends is None else self.sums + functional.logsigmoid(ends)
        ranks = sums / length**self.length_penalty
        ranks = torch.cat([self.ranks[self.active], ranks], dim=1)  # (N, 2 * B)
        ranks, best = ranks.topk(self.beam_size, dim=1)  # (N, B)
        self.ranks[self.active] = ranks
        lengths = torch.where(sums.isinf(), 0, length)
        for finished, new in (
            (self.log_probabilities, sums),
            (self.lengths, lengths),
            (self.classes, self.tokens),
        ):
            both = torch.cat([finished[self.active], new], dim=1)
            index = best if both.ndim == 2 else best[:, :, None].expand_as(new)
            finished[self.active] = both.gather(1, index)

    def drop_decided(self, length):
        """Drop sequences whose B best hypotheses are final; return indices of the rest.

        No extension of a hypothesis can be more likely than the hypothesis itself.
        """
        # The best possible rank is that of an equal log probability at the largest
        # length, because log probabilities are negative.
        furthest = self.longest if self.length_penalty > 0 else length
        bound = self.sums.amax(dim=1) / furthest**self.length_penalty
        worst = self.ranks[self.active].amin(dim=1)
        kept = torch.nonzero(bound > worst)[:, 0]
        if len(kept) < len(self.active):
            within = torch.arange(self.beam_size, device=kept.device)
            rows = (kept[:, None] * self.beam_size + within).flatten()
            self.active, self.sums = self.active[kept], self.sums[kept]
            self.tokens, self.final_states = self.tokens[kept], self.final_states[rows]
            self.state = select_sequences(self.state, rows)
        return kept

    def extend(self, logits, t):
        """Extend hypotheses by the B best of all next classes.

        Parameters
        ----------
        logits : float32 tensor of shape (N, B, n_classes)
            Log probability that each class comes next.
        t : int
            Index of the time step.
        """
        n_classes = logits.shape[2]
        sums = (self.sums[:, :, None] + logits).flatten(1)  # (N, B * n_classes)
        n_kept = min(self.beam_size, sums.shape[1])
        self.sums, best = sums.topk(n_kept, dim=1)  # (N, n_kept)
        parents, classes = best // n_classes, best % n_classes + 1
        n_surplus = self.beam_size - n_kept
        if n_surplus:  # fewer classes than hypotheses
            self.sums = functional.pad(self.sums, (0, n_surplus), value=-torch.inf)
            parents = functional.pad(parents, (0, n_surplus))
            classes = functional.pad(classes, (0, n_surplus), value=1)
        first = torch.arange(len(parents), device=parents.device) * self.beam_size
        rows = (first[:, None] + parents).flatten()  # (N * B,)
        self.state = select_sequences(self.state, rows)
        self.tokens = self.tokens.flatten(0, 1)[rows].reshape(self.tokens.shape)
        self.tokens[:, :, t] = classes
        self.previous = classes.reshape(-1, 1)
