"""Training of one network by several processes, each of which has a copy of it.

All processes run the same program on the same data with the same random numbers. Of
each batch, a process computes the gradients of its share, and these are added up. The
result is that of one process, except for rounding.
"""

from contextvars import ContextVar

import torch
from torch import distributed

# The workers among which this process is one, None if it trains alone.
current_workers = ContextVar("current_workers", default=None)


class Workers:
    """The processes of the default process group of torch.

    Attributes
    ----------
    rank : int
        Number of this process, from 0 on.
    n_workers : int
        Number of processes.
    share : slice
        The sequences of each batch that this process computes. Batches are sorted by
        length, and with every n-th sequence all shares take the same time.
    """

    def __init__(self):
        self.rank = distributed.get_rank()
        self.n_workers = distributed.get_world_size()
        self.share = slice(self.rank, None, self.n_workers)
        self._sums = None  # of the last batch

    def start(self, net, n_samples, n_batches):
        """Let all copies of a network start with the same weights.

        Parameters
        ----------
        net : SequenceNet
            The initialized net.
        n_samples : int
            Number of training sequences.
        n_batches : int
            Number of batches of an epoch.

        Raises
        ------
        ValueError
            If batches are so small that a worker would have no share in some.
        RuntimeError
            If the workers do not train the same network on the same data.
        """
        sizes = [p.numel() for p in net.module_.parameters()]
        found = torch.tensor([n_samples, n_batches, len(sizes), sum(sizes)])
        extremes = torch.cat([found, -found]).to(net.device)
        distributed.all_reduce(extremes, distributed.ReduceOp.MAX)
        most, least = extremes.cpu().chunk(2)
        if not torch.equal(most, -least):
            raise RuntimeError(
                "The workers prepared different trainings: their numbers of sequences, "
                f"batches, tensors and weights are {(-least).tolist()} to "
                f"{most.tolist()}. Use the same data, and the same versions of all "
                "libraries on all nodes."
            )
        smallest = n_samples // n_batches
        if smallest < self.n_workers:
            raise ValueError(
                f"The smallest batch has {smallest} of {n_samples} training sequences, "
                f"less than one for each of {self.n_workers} workers. Increase "
                "batch_size, or use fewer workers."
            )
        for value in net.module_.state_dict().values():
            distributed.broadcast(value, src=0)

    def make_generator(self, generator):
        """Make a generator for the random numbers that the network draws in training.

        Shares of different sizes draw different amounts, while the generator that
        chooses the batches must stay the same in all processes.
        """
        seed = (generator.initial_seed() + 1 + self.rank) % 2**63
        return torch.Generator(generator.device).manual_seed(seed)

    def add_up(self, loss, parameters=()):
        """Add up the loss of all shares, and the gradients of the parameters in place.

        Parameters
        ----------
        loss : tensor of shape ()
            Loss of the share of this process.
        parameters : iterable of Parameter, default=()
            Weights with gradients of this share, or with none.

        Returns
        -------
        tensor of shape ()
            The loss of the batch.
        """
        parameters = [p for p in parameters if p.requires_grad]
        if not parameters:
            distributed.all_reduce(loss)
            return loss
        # A weight that no share has used has no gradient, so that its moments and its
        # decay are left alone.
        has_gradient = loss.new_tensor([float(p.grad is not None) for p in parameters])
        gradients = [
            torch.zeros_like(p) if p.grad is None else p.grad for p in parameters
        ]
        sizes = [1, len(parameters), *(p.numel() for p in parameters)]
        if self._sums is None or len(self._sums) != sum(sizes):
            self._sums = loss.new_empty(sum(sizes))  # once, since new memory is slow
        flat = torch.cat(
            [loss[None], has_gradient, *(gradient.flatten() for gradient in gradients)],
            out=self._sums,
        )
        distributed.all_reduce(flat)
        loss, has_gradient, *sums = flat.split(sizes)
        for parameter, is_used, total in zip(
            parameters, has_gradient.tolist(), sums, strict=True
        ):
            if is_used:
                parameter.grad = total.view_as(parameter)
        return loss[0].clone()
