"""Errors and warnings of opening a saved estimator."""

from sklearn.exceptions import InconsistentVersionWarning


class DamagedFileError(ValueError):
    """The content of a file does not describe an estimator."""


class OtherVersionsWarning(InconsistentVersionWarning):
    """An estimator was written with other versions of its libraries.

    Parameters
    ----------
    estimator_name : str
        Class of the estimator.
    written, present : dict of str to str
        Versions of the libraries that differ.
    """

    def __init__(self, *, estimator_name, written, present):
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=present.get("scikit-learn"),
            original_sklearn_version=written.get("scikit-learn"),
        )
        self.written, self.present = written, present

    def __str__(self):
        libraries = ", ".join(
            f"{name} {version} (now {self.present[name]})"
            for name, version in self.written.items()
        )
        return (
            f"This {self.estimator_name} was written with {libraries}. Its results may "
            "differ. Fit it again, or install the versions that wrote it."
        )
