"""Docstring entries of the parameters and attributes that several estimators have.

A line such as ``%(dropout)s`` in the docstring of an estimator is replaced by the entry
of that parameter. Text after the line applies only to that estimator.
"""

import inspect
import re
import textwrap

SHARED_PARAMETERS = {
    "n_components": """int
Number of components of the vector, at least 1.""",
    "max_epochs": """int or "auto"
Number of passes over the training data. "auto" corresponds to about 1500 batches, or
with categorical features to 40 epochs if these have more batches, but at most 6000. It
is at least 5, except for very long sequences: `fit` then limits the time to about 10
minutes on one core, and warns. Forecasts with a linear map have about 250 batches,
because more of them overfitted. 0 leaves the network untrained, as a baseline.""",
    "verbose": """int
0 prints nothing. 1 prints one line before the training, which tells how X was read,
what is trained and about how long `fit` takes; it shows a progress bar with the loss
and the remaining time, and tells whether training improved on a closed form.""",
    "random_state": """int, RandomState instance or None
Seed of the initial weights, the batches, the augmentation and the validation split.
Pass an int for reproducible results on the same device with the same number of
threads.""",
    "device": """str or torch.device
Device of the network. "auto" chooses CUDA if available, else MPS, else the CPU.""",
    "scaler": """"standard", transformer or None
Scaler of the numeric features. "standard" is a
:class:`~sklearn.preprocessing.StandardScaler` over all time steps. Any scikit-learn
transformer that keeps the number of features and has `inverse_transform` may be
passed; it is cloned and fitted on an array of shape (total time steps, numeric
features). None does not scale.""",
    "categorical_features": """"from_dtype", array-like or None
Which features of X are categorical. "from_dtype" selects strings, bools and features
of a pandas categorical dtype. Otherwise, pass the names or indices of the categorical
features, or a boolean mask of shape (n_features,). None selects no feature.""",
    "categories": """"auto" or list
Categories of each feature of X: a list with one array-like per feature, None for
numeric ones, as in :class:`~sklearn.preprocessing.OrdinalEncoder`. They are part of the
vocabulary even if they do not occur in the X of the first fit; others are treated by
`handle_unknown`. "auto" learns them from X.""",
    "min_frequency": """int or float
Categories that occur less often are merged into one infrequent category. An int is a
number of time steps; a float, in (0, 1), is a fraction of the time steps at which the
feature is observed. None merges none for being rare.""",
    "max_categories": """int
Maximum number of categories of a feature, at least 1, including the infrequent
category into which the rarest ones are merged. None sets no limit.""",
    "handle_unknown": """{"infrequent_if_exist", "ignore", "error"}
How to treat a category that was not seen in `fit`, as in
:class:`~sklearn.preprocessing.OneHotEncoder`. "infrequent_if_exist" maps it to the
infrequent category if there is one, and otherwise treats it as missing; "ignore" always
treats it as missing; "error" raises an error.""",
    "instance_norm": """bool or "auto"
Whether to use the location and scale of each sequence.""",
    "hidden_size": """int, None or "auto"
Number of recurrent cells per layer and direction of the encoder, at least 1; a linear
layer maps their final states to components. With None there is no linear layer: the
final states are the components, half of them (rounded up) from the forward direction
and the others from the backward direction.""",
    "num_layers": """int
Number of stacked recurrent layers of encoder and decoder, at least 1.""",
    "bidirectional": """bool
Whether the encoder reads each sequence in both directions.""",
    "dropout": """float
Probability, in [0, 1), of zeroing a value between stacked layers.""",
    "cell": """{"lstm", "gru"}
Recurrent cell: long short-term memory or gated recurrent unit.""",
    "patch_size": """int or "auto"
Number of successive time steps of X that the network reads as one. "auto" divides a
sequence of median length into about 20 patches of at most 1000 time steps, and almost
all sequences into at most 1000 patches. With 1 the network reads each time step
separately.""",
    "linear_map": """bool
Whether training starts from a linear map that is fitted in closed form, if all features
are numeric.""",
    "batch_size": """int or "auto"
Maximum number of sequences in a batch. "auto" is about an eighth of the training
sequences, between 16 and 64; the upper limit is 128 with categorical features, and 512
for forecasts with a linear map.""",
    "lr": """float
Learning rate of AdamW, or its maximum if there is a schedule.""",
    "lr_schedule": """{"onecycle", None}
"onecycle" increases the learning rate to `lr` over the first 30 % of the batches and
decreases it to nearly 0 over the remaining ones. None keeps it constant.""",
    "weight_decay": """float
Decoupled weight decay of AdamW, at least 0. With 0 the optimizer is Adam.""",
    "precision": """{"auto", "float32", "bfloat16"}
Data type of the matrix products in `fit`. Weights, losses and results are in float32.
"bfloat16" is less precise, but faster for large networks on processors that support it.
"auto" is "bfloat16" on CUDA devices that support it, and otherwise "float32", for which
torch's settings apply (by default TF32 in cuDNN).""",
    "early_stopping": """bool or "auto"
Whether to hold out `validation_fraction` of the training data, to stop when the
validation loss has not improved for `n_iter_no_change` epochs, and to restore the
weights of the best epoch. "auto" is True for at least 10,000 training sequences.""",
    "validation_fraction": """float
Fraction, in (0, 1), of the training data to hold out; at least one sequence.""",
    "n_iter_no_change": """int or "auto"
Number of epochs after which training stops if the validation loss has not improved.
"auto" is 10, or depends on the number of batches if `fit` decides whether training
improves on the closed form (see `max_epochs`).""",
    "warm_start": """bool
Whether `fit` continues to train the fitted network, with a new learning rate schedule.
Scalers, vocabularies and the device are kept.""",
    "callbacks": """list of skorch callbacks
Additional callbacks: instances, classes, or pairs of a name and either. Shallow copies
of them run, so that loggers and lists that they hold are shared. Callbacks of
scikit-learn are set with ``set_callbacks``. None adds none.""",
}

SHARED_ATTRIBUTES = {
    "net_": """skorch.NeuralNet
The fitted net; `net_.module_` is the torch module. It holds no training data.""",
    "is_categorical_": """bool ndarray of shape (n_features,)
Which features of X are categorical.""",
    "history_": """list of dict
For each epoch: `epoch`, `train_loss`, `valid_loss` if there is a validation set, `lr`,
the learning rate at its end, and `dur`, its duration in seconds.""",
    "n_iter_": """int
Number of epochs.""",
    "fit_time_": """float
Duration of the last call of `fit`, in seconds.""",
    "n_features_in_": """int
Number of features of each time step of X; for a 2-D X its number of columns.""",
    "feature_names_in_": """ndarray of shape (`n_features_in_`,)
Column names, if X was a frame with string names.""",
}


def insert_shared_docs(cls):
    """Replace each line ``%(name)s`` in the docstring of a class by that entry.

    Parameters
    ----------
    cls : type
        Class of an estimator. Defaults are taken from its signature.

    Returns
    -------
    cls : type
        The same class, with the new docstring.
    """
    if cls.__doc__ is None:  # python -OO
        return cls
    defaults = inspect.signature(cls).parameters

    def entry(match):
        indent, name = match.groups()
        text = (SHARED_PARAMETERS | SHARED_ATTRIBUTES)[name]
        kind, _, description = text.partition("\n")
        if name in SHARED_PARAMETERS:
            default = repr(defaults[name].default).replace("'", '"')
            kind += f", default={default}"
        return f"{indent}{name} : {kind}\n" + textwrap.fill(
            " ".join(description.split()),
            width=88,
            initial_indent=f"{indent}    ",
            subsequent_indent=f"{indent}    ",
            break_on_hyphens=False,
            break_long_words=False,
        )

    cls.__doc__ = re.sub(r"^( *)%\((\w+)\)s$", entry, cls.__doc__, flags=re.MULTILINE)
    return cls
