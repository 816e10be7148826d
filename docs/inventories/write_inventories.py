"""Write the inventories of other projects' pages to which the documentation links.

Sphinx usually downloads complete inventories. The documentation is built without a
network, so the few objects that it refers to are listed here, with their pages.

Run from the root of the repository, after adding an object:
python -m docs.inventories.write_inventories
"""

import pathlib
import zlib

FOLDER = pathlib.Path(__file__).parent

# In the addresses, {name} is the name of the object.
PROJECTS = {
    "matplotlib": {
        "address": "https://matplotlib.org/stable/",
        "py:class": {
            "api/_as_gen/{name}.html": ("matplotlib.axes.Axes",),
            "api/_as_gen/matplotlib.figure.Figure.html": ("matplotlib.figure.Figure",),
        },
    },
    "numpy": {
        "address": "https://numpy.org/doc/stable/",
        "py:class": {
            "reference/generated/{name}.html": ("numpy.ndarray",),
            "reference/random/legacy.html#{name}": ("numpy.random.RandomState",),
        },
        "std:term": {"glossary.html#term-{name}": ("array_like",)},
    },
    "pandas": {
        "address": "https://pandas.pydata.org/docs/",
        "py:class": {"reference/api/{name}.html": ("pandas.DataFrame",)},
    },
    "python": {
        "address": "https://docs.python.org/3/",
        "py:exception": {
            "library/exceptions.html#{name}": (
                "KeyboardInterrupt",
                "NotImplementedError",
                "TypeError",
                "UserWarning",
                "ValueError",
            )
        },
        "py:function": {"library/warnings.html#{name}": ("warnings.warn",)},
    },
    "scikit-learn": {
        "address": "https://scikit-learn.org/stable/",
        "py:class": {
            "modules/generated/{name}.html": (
                "sklearn.calibration.CalibratedClassifierCV",
                "sklearn.cluster.KMeans",
                "sklearn.compose.ColumnTransformer",
                "sklearn.decomposition.PCA",
                "sklearn.exceptions.ConvergenceWarning",
                "sklearn.exceptions.InconsistentVersionWarning",
                "sklearn.exceptions.NotFittedError",
                "sklearn.frozen.FrozenEstimator",
                "sklearn.model_selection.GridSearchCV",
                "sklearn.model_selection.GroupKFold",
                "sklearn.model_selection.HalvingGridSearchCV",
                "sklearn.multioutput.MultiOutputRegressor",
                "sklearn.neighbors.NearestNeighbors",
                "sklearn.pipeline.Pipeline",
                "sklearn.preprocessing.FunctionTransformer",
                "sklearn.preprocessing.OneHotEncoder",
                "sklearn.preprocessing.OrdinalEncoder",
                "sklearn.preprocessing.QuantileTransformer",
                "sklearn.preprocessing.RobustScaler",
                "sklearn.preprocessing.StandardScaler",
                "sklearn.semi_supervised.SelfTrainingClassifier",
            )
        },
        "py:function": {
            "modules/generated/{name}.html": (
                "sklearn.base.clone",
                "sklearn.covariance.ledoit_wolf",
                "sklearn.metrics.d2_log_loss_score",
                "sklearn.metrics.r2_score",
                "sklearn.set_config",
            )
        },
        "py:module": {"api/{name}.html": ("sklearn.preprocessing",)},
        # For the docstrings of inherited methods.
        "std:label": {
            "metadata_routing.html": ("metadata_routing",),
            "modules/df_output_transform.html": ("df_output_transform",),
            "modules/model_evaluation.html#accuracy-score": ("accuracy_score",),
            "modules/model_evaluation.html#r2-score": ("r2_score",),
        },
        "std:term": {"glossary.html#term-{name}": ("meta-estimator", "random_state")},
    },
    "skops": {
        "address": "https://skops.readthedocs.io/en/stable/",
        "py:function": {
            "modules/classes.html#{name}": ("skops.io.get_untrusted_types",)
        },
    },
    "skorch": {
        "address": "https://skorch.readthedocs.io/en/stable/",
        "py:class": {
            "callbacks.html#{name}": (
                "skorch.callbacks.Callback",
                "skorch.callbacks.Checkpoint",
                "skorch.callbacks.EarlyStopping",
                "skorch.callbacks.TrainEndCheckpoint",
            ),
            "history.html#{name}": ("skorch.history.History",),
        },
    },
    "torch": {
        "address": "https://docs.pytorch.org/docs/stable/",
        "py:class": {
            "generated/{name}.html": ("torch.nn.LSTM", "torch.nn.Module"),
            "tensors.html#{name}": ("torch.Tensor",),
        },
    },
}


def make_inventory(project):
    """Return the content of the inventory of a project, in Sphinx's format 2."""
    lines = []
    for role, pages in PROJECTS[project].items():
        if role == "address":
            continue
        for page, names in pages.items():
            if "#" not in page and role in ("py:class", "py:function"):
                page += "#{name}"
            for name in names:
                address = page.format(name=name)
                lines.append(f"{name} {role} 1 {address} -")
    header = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
    header += "# The remainder of this file is compressed using zlib.\n"
    return header.encode() + zlib.compress("\n".join([*sorted(lines), ""]).encode(), 9)


def main():
    """Write all inventories to the folder of this program."""
    for project in PROJECTS:
        (FOLDER / f"{project}.inv").write_bytes(make_inventory(project))


if __name__ == "__main__":
    main()
