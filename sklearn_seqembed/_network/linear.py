"""A linear map from sequences to components and back, with a correction.

Both are fitted in closed form, by :mod:`sklearn_seqembed._network.closed_form`. The
network starts from them, and its cells are trained on what they leave.
"""

import torch
from torch import nn

from sklearn_seqembed._network.resampling import from_points, read_points

# The logarithm of a decoded length is limited to this, to avoid overflow.
MAX_LOG_LENGTH = 15.0


class LinearMap(nn.Module):
    """Map sequences to components by linear functions, and components to sequences.

    A sequence is resampled to a fixed number of points, with missing values
    interpolated, and projected to principal axes. Decoding reverses this; a radial
    basis function network of the components adds what they determine nonlinearly [1]_.

    If lengths differ, the logarithm of the length is one more value next to the points.
    It is the first component, unless there are very few: it is then decoded from the
    others.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_components : int
        Number C of components.
    n_points : int
        Number of points to which a sequence is resampled.
    n_centers : int, default=0
        Number of radial basis functions.

    Attributes
    ----------
    end_slope : float32 tensor of shape ()
        Slope of the logit of the end of a sequence, per time step, at its decoded
        length.
    unexplained : float64 tensor of shape ()
        Estimate of the fraction of the variance that decoding leaves unexplained in
        new sequences; NaN before :meth:`load`.

    References
    ----------
    .. [1] Poggio, T. and Girosi, F. (1990). Networks for approximation and learning.
           Proceedings of the IEEE 78(9).
    """

    # The cells add a correction, which is 0 before training.
    is_corrected = True

    def __init__(self, n_features, n_components, n_points, n_centers=0):
        super().__init__()
        self.n_features, self.n_points = n_features, n_points
        n_values = n_points * n_features + 1  # and the length
        self.register_buffer("mean", torch.zeros(n_values))
        self.register_buffer("encoding", torch.zeros(n_values, n_components))
        self.register_buffer("decoding", torch.zeros(n_components, n_values))
        self.register_buffer("centers", torch.zeros(n_centers, n_components))
        self.register_buffer("weights", torch.zeros(n_centers, n_values))
        self.register_buffer("width", torch.tensor(1.0))
        self.register_buffer("end_slope", torch.tensor(1.0))
        self.register_buffer("unexplained", torch.tensor(torch.nan))

    def load(self, fitted):
        """Take over what :func:`closed_form.fit_linear_map` returned."""
        for name, value in fitted._asdict().items():
            value = torch.as_tensor(value, dtype=torch.float32)
            # The number of centers depends on the data.
            setattr(self, name, value.to(self.mean.device))

    def _load_from_state_dict(self, state_dict, prefix, *args):
        for name in ("centers", "weights"):  # their number depends on the data
            if prefix + name in state_dict:
                found = state_dict[prefix + name]
                setattr(self, name, self.mean.new_zeros(found.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def read(self, numeric, lengths):
        """Return the values that are mapped linearly: (N, n_points * F + 1).

        Parameters
        ----------
        numeric : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing. Values after the end are ignored.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence.
        """
        points = read_points(numeric, lengths, self.n_points)
        return torch.cat([points, lengths[:, None].to(points.dtype).log()], dim=1)

    @property
    def is_fixed(self):
        """Which components the cells do not change, because they are the length."""
        return self.encoding[-1] != 0

    def encode(self, numeric, lengths):
        """Map a batch to components: float32 tensor of shape (N, C)."""
        return (self.read(numeric, lengths) - self.mean) @ self.encoding

    def decode(self, components, lengths, n_steps):
        """Decode components (N, C).

        Parameters
        ----------
        components : float32 tensor of shape (N, C)
            The components.
        lengths : int64 tensor of shape (N,) or None
            Number of time steps of each sequence. None decodes the lengths, between 1
            and `n_steps`.
        n_steps : int
            Number of time steps of the result.

        Returns
        -------
        values : float32 tensor of shape (N, n_steps, F)
            Scaled values.
        ends : float32 tensor of shape (N, n_steps)
            Logits of the end.
        """
        found = self.mean + components @ self.decoding
        if len(self.centers):
            distances = torch.cdist(components, self.centers).square()
            found = found + (-distances * self.width).exp() @ self.weights
        decoded = found[:, -1].clamp(max=MAX_LOG_LENGTH).exp()
        if lengths is None:
            lengths = decoded.round().long().clamp(1, n_steps)
        points = found[:, :-1].unflatten(1, (self.n_points, self.n_features))
        steps = torch.arange(1, n_steps + 1, device=found.device)
        ends = self.end_slope * (steps - decoded[:, None] + 0.5)
        return from_points(points, lengths, n_steps), ends

    def combine(self, values, found):
        """Add the corrections of the cells to values, both (N, n_steps, F)."""
        return values + found
