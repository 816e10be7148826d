"""Everything of a net that is learned without gradients: scales and closed forms."""

import numpy as np
from scipy import sparse

from sklearn_seqembed._network.categories import CategoryEmbedding
from sklearn_seqembed._network.closed_form import fit_linear_map
from sklearn_seqembed._network.encoder import Encoder
from sklearn_seqembed._training.devices import to_device
from sklearn_seqembed._training.inference import InferenceNet

# Upper bound on the values of the sequences from which the thresholds of convolutions
# are chosen (16 MiB of float32), unless a single one is longer. It was not tuned.
CALIBRATION_VALUES = 2**22


class ClosedFormNet(InferenceNet):
    """A skorch net whose closed forms are fitted before any training."""

    def calibrate(self, dataset, frequencies=()):
        """Learn to standardize the inputs that the encoder derives from the values.

        Parameters
        ----------
        dataset : SequenceDataset
            Some sequences, without augmentation.
        frequencies : sequence of ndarray of shape (n_classes,), default=()
            Frequencies of the classes of each categorical feature.
        """
        encoders = [e for e in self.module_.modules() if isinstance(e, Encoder)]
        for encoder in encoders:
            for module in encoder.modules():
                if isinstance(module, CategoryEmbedding):
                    module.calibrate(frequencies)
            encoder.reader.calibrate(
                (inputs["numeric"], inputs["lengths"])
                for _, inputs, _ in self._iter_batches(dataset)
            )
        encoder = self.module_.encoder
        if encoder.random_features is not None:
            # One batch: the thresholds need all outputs of a convolution at once.
            order = np.argsort(-dataset.lengths, kind="stable")
            n_values = int(dataset.lengths.max()) * max(1, self.module__n_features)
            order = order[:: -(-len(order) * n_values // CALIBRATION_VALUES)]
            inputs, _ = dataset.batch(order)
            inputs = to_device(inputs, self._module_device)
            inputs.pop("horizons")
            found = self._run(encoder.read_for_random_features, **inputs)
            encoder.random_features.calibrate(found, inputs["lengths"])

    def fit_linear_map(self, dataset, variations, seed, max_folds=None):
        """Fit the linear map of the encoder.

        Parameters
        ----------
        dataset : SequenceDataset
            Some sequences, without augmentation.
        variations : tuple of str
            As in :func:`fit_linear_map`.
        seed : int
            Seed of random variations.
        max_folds : int, default=None
            As in :func:`fit_linear_map`.

        Returns
        -------
        LinearFit
            What was fitted.
        """
        linear = self.module_.encoder.linear
        values = np.empty((len(dataset), len(linear.mean)))

        def compute(inputs, _):
            found = self._run(linear.read, inputs["numeric"], inputs["lengths"])
            return found.cpu().numpy()

        with self._computed(compute, dataset) as batches:
            for indices, found in batches:
                values[indices] = found
        n_components = linear.encoding.shape[1]
        rng = np.random.default_rng(seed)
        fitted = fit_linear_map(
            values, linear.n_features, n_components, variations, rng, max_folds
        )
        linear.load(fitted)
        return fitted

    def fit_projection(self, dataset):
        """Learn the projection to vectors, and how training sequences are distributed.

        Parameters
        ----------
        dataset : SequenceDataset
            Some sequences, without augmentation. With a single one nothing is learned.
        """
        encoder = self.module_.encoder
        has_features = encoder.random_features is not None
        if not has_features and "prediction" in self.module_.decoders:
            return  # only the embedder has scores that need the distribution of vectors
        final = np.empty((len(dataset), encoder.projection.n_final), np.float32)
        features = None
        if has_features:
            n_features = encoder.random_features.n_outputs
            features = np.empty((len(dataset), n_features), np.float32)
        nearest_mean, points = encoder.nearest_mean, None
        if nearest_mean is not None:
            points = np.empty((len(dataset), nearest_mean.means.shape[1]))

        def compute(inputs, _):
            inputs.pop("horizons")
            found = self._run(encoder.states, **inputs)
            if nearest_mean is not None:
                compared = inputs["numeric"], inputs["lengths"]
                found = *found, self._run(nearest_mean.read, *compared)
            return [None if part is None else part.cpu().numpy() for part in found]

        with self._computed(compute, dataset) as batches:
            for indices, found in batches:
                final[indices] = found[0]
                if has_features:
                    features[indices] = found[1]
                if nearest_mean is not None:
                    points[indices] = found[2]
        encoder.projection.fit(final, features)
        if nearest_mean is not None and len(dataset) > 1:
            nearest_mean.fit(points)

    def read_for_head(self, dataset):
        """Compute the inputs of a :class:`LinearHead`, and read its targets.

        Parameters
        ----------
        dataset : PairDataset
            Pairs of sequences and targets of one time step.

        Returns
        -------
        vectors : float32 ndarray of shape (n_samples, C)
            The vectors.
        events : sparse matrix of shape (n_samples, ·) or None
            :class:`SuffixFeatures`, if sequences have categorical features.
        targets : ndarray
            Classes (n_samples,), or numbers (n_samples, F).
        """
        head, n_samples = self.module_.decoders["prediction"], len(dataset)
        vectors = np.empty((n_samples, self.module__n_components), np.float32)
        rows, columns, values, targets = [], [], [], []
        order = []

        def compute(inputs, batch):
            inputs.pop("horizons")
            encoded = self._run(self.module_.encoder, **inputs).cpu().numpy()
            positions = found = None
            if head.suffixes is not None:
                positions, found = (
                    part.cpu().numpy() for part in self._run(head.suffixes, **inputs)
                )
            target = batch["prediction"]["values" if head.n_targets else "classes"]
            return encoded, target[:, 0], positions, found

        with self._computed(compute, dataset) as batches:
            for indices, (encoded, target, positions, found) in batches:
                vectors[indices] = encoded
                order.append(indices)
                targets.append(target)
                if head.suffixes is not None:
                    rows.append(np.repeat(indices, positions.shape[1]))
                    columns.append(positions.ravel())
                    values.append(found.ravel())
        targets = np.concatenate(targets)[np.argsort(np.concatenate(order))]
        events = None
        if head.suffixes is not None:
            rows, columns, values = map(np.concatenate, (rows, columns, values))
            shape = n_samples, head.suffixes.n_outputs
            events = sparse.csr_matrix((values, (rows, columns)), shape=shape)
            events.eliminate_zeros()
        return vectors, events, targets if head.n_targets else targets[:, 0]
