"""The methods of estimators that save them."""

from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed._saving.estimators import (
    pack_estimator,
    unpack_estimator,
    write_estimator,
)


class SavingMixin:
    """Let an estimator be saved to files and pickled, without objects of torch."""

    def __getstate__(self):
        """Return the parameters, and what `fit` learned as plain values and arrays.

        They are independent of torch and skorch, so that a pickle opens with other
        versions of these.
        """
        return pack_estimator(self)

    def __setstate__(self, state):
        vars(self).update(unpack_estimator(type(self), state))

    def save(self, path, *, optimizer=False):
        """Save the fitted estimator in a file that :func:`sklearn_seqembed.load` opens.

        It is a safetensors file: the weights and other arrays, and everything else as
        JSON in its metadata. Opening it runs nothing, unlike a pickle.

        Parameters
        ----------
        path : str or path-like
            The file, by custom with the extension ".safetensors". It is replaced in one
            step when everything is written. If writing fails, an earlier file is kept.
        optimizer : bool, default=False
            Whether to keep the moments of the optimizer, with which `partial_fit`, or
            `fit` with `warm_start=True`, continue as if the estimator had not been
            saved. They are twice as large as the trained weights.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it holds something that such a file cannot store: callbacks, or a scaler
            of another library. The message names it.
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self)
        write_estimator(self, path, with_moments=optimizer)
