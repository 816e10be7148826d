"""Hooks for the pages of classes: groups of parameters and scikit-learn's labels."""

import inspect
import re

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)
from sklearn_seqembed._parameters import PARAMETER_GROUPS

ESTIMATORS = (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)


def remove_example_links(app, what, name, obj, options, lines):
    """Remove links to scikit-learn's gallery from the methods inherited from it.

    Other references of these methods are in the inventories.
    """
    if (getattr(obj, "__module__", None) or "").startswith("sklearn."):
        link = r"\s+and\s+:ref:`sphx_glr_[^`]*`\s+for\s+an\s+example[^.]*"
        lines[:] = re.sub(link, "", "\n".join(lines)).split("\n")


def group_parameters(app, what, name, obj, options, lines):
    """Insert a heading before the first parameter of each group of an estimator.

    The parameters of a signature are in the order of the groups.
    """
    if obj not in ESTIMATORS:
        return
    parameters = inspect.signature(obj).parameters
    for group, names in PARAMETER_GROUPS.items():
        first = next(name for name in names if name in parameters)
        # As numpydoc writes it, indented within the list of parameters.
        line = next(x for x in lines if x.lstrip().startswith(f"**{first}** :"))
        indent = line[: len(line) - len(line.lstrip())]
        heading = [f".. rubric:: {group}", "    :class: parameter-group"]
        i = lines.index(line)
        lines[i:i] = ["", *(indent + text for text in heading), ""]


def setup(app):
    """Register the hooks, one to run before that of numpydoc and one after it."""
    app.connect("autodoc-process-docstring", remove_example_links, priority=100)
    app.connect("autodoc-process-docstring", group_parameters, priority=900)
    return {"parallel_read_safe": True}
