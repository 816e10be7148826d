"""How notebooks show estimators: scikit-learn's diagrams, with links and a caption."""

import math

from sklearn_seqembed._choices import format_measured

# The page of the guide to which the question mark of a diagram links, in the repository
# that pyproject.toml names as the source. Once the built pages are published, it can be
# "SITE/generated/sklearn_seqembed.{name}.html".
GUIDE_PAGE = (
    "https://github.com/sklearn-seqembed/sklearn-seqembed/blob/main/docs/guide/"
    "{page}.rst"
)


class DiagramMixin:
    """Link from the diagram of an estimator to the guide, and caption it after fit."""

    _doc_link_module = "sklearn_seqembed"
    _doc_link_template = GUIDE_PAGE
    _guide_page = "index"

    def _doc_link_url_param_generator(self):
        """Return what is inserted in the template."""
        return {"page": self._guide_page}

    def _sk_visual_block_(self):
        """Return the block that scikit-learn draws.

        If it fails, scikit-learn draws what it draws for other estimators.
        """
        return _import_block()(
            "single",
            self,
            names=type(self).__name__,
            name_details=str(self),
            name_caption=write_caption(self),
        )


def write_caption(estimator):
    """Tell how long the last fit took, and what it explains.

    Parameters
    ----------
    estimator : BaseSequenceEstimator
        The estimator.

    Returns
    -------
    str or None
        None before `fit`, and after `partial_fit`.
    """
    parts = []
    if hasattr(estimator, "fit_time_"):
        parts.append(f"fitted in {format_measured(estimator.fit_time_)}")
    score = getattr(estimator, "train_score_", math.nan)
    if not math.isnan(score):  # it is if all features are constant
        parts.append(f"explains {score:.1%} of the training data")
    return ", ".join(parts) or None


def _import_block():
    """Import the class of a block, which is not public, from where it is."""
    try:
        from sklearn.utils._repr_html.estimator import _VisualBlock
    except ImportError:  # scikit-learn < 1.8
        from sklearn.utils._estimator_html_repr import _VisualBlock
    return _VisualBlock
