"""Descriptions of the parameters that both estimators have, written once.

A line such as ``%(dropout)s`` in the docstring of an estimator stands for the entry of
that parameter. Text that follows the line belongs to one estimator alone.
"""

import inspect
import re
import textwrap

SHARED_PARAMETERS = {
    "n_components": """int
Number of components of the vector, at least 1.""",
    "max_epochs": """int or "auto"
Passes over the training data. "auto" allows for about 1500 batches and at least 5
epochs; with categorical features for 40 epochs if that is more, but for at most 6000
batches. 0 leaves the network untrained, as a baseline.""",
    "verbose": """int
0 prints nothing; 1 shows a progress bar with the loss and the remaining time.""",
    "random_state": """int, RandomState instance or None
Seed of the initial weights, the batches, the augmentation and the validation split.
With an int, equal fits on the same device with the same number of threads give equal
results.""",
    "device": """str or torch.device
Where to compute. "auto" chooses CUDA if it is available, else MPS, else the CPU.""",
    "scaler": """"standard", transformer or None
Scaler of the numeric features. "standard" is a
:class:`~sklearn.preprocessing.StandardScaler` over all time steps. Any scikit-learn
transformer that keeps the number of features and has `inverse_transform` may be
passed; it is cloned and fitted on an array of shape (total time steps, numeric
features). None uses the values as they are.""",
    "categorical_features": """"from_dtype", array-like or None
Which features of X are categorical. "from_dtype" selects strings, bools and features
of a pandas categorical dtype. Names, indices, or a boolean mask of shape (n_features,)
select features themselves; None selects none.""",
    "min_frequency": """int or float
Categories that occur at fewer time steps than this number, or at less than this
fraction in (0, 1) of a feature's observed time steps, are merged into one infrequent
category.""",
    "max_categories": """int
Largest number of categories of a feature, at least 1, including the infrequent
category into which the rarest ones are merged.""",
    "handle_unknown": """{"infrequent_if_exist", "ignore", "error"}
How to treat a category that was not seen in `fit`, as in
:class:`~sklearn.preprocessing.OneHotEncoder`. "infrequent_if_exist" maps it to the
infrequent category if there is one, else treats it as missing; "ignore" always treats
it as missing; "error" raises an error.""",
    "instance_norm": """bool or "auto"
Whether to use the location and scale of each sequence.""",
    "hidden_size": """int, None or "auto"
LSTM cells per layer and direction of the encoder, at least 1; a linear layer maps
their final states to components. With None the final states are the components: the
forward direction has half of the cells, rounded up, the backward direction the
rest.""",
    "num_layers": """int
Number of stacked recurrent layers of encoder and decoder, at least 1.""",
    "bidirectional": """bool
Whether the encoder reads each sequence in both directions.""",
    "dropout": """float
Probability, in [0, 1), of zeroing a value between stacked layers.""",
    "cell": """{"lstm", "gru"}
Recurrent cell: long short-term memory or gated recurrent unit.""",
    "patch_size": """int or "auto"
Time steps of X that enter the network together. "auto" divides a sequence of
median length into about 20 patches, and the longest into at most 1000. With 1 every
time step enters alone.""",
    "batch_size": """int or "auto"
Largest number of sequences in a batch. "auto" is about an eighth of the training
sequences, between 16 and 64, or between 16 and 128 with categorical features.""",
    "lr": """float
Learning rate of AdamW, and its maximum under a schedule.""",
    "lr_schedule": """{"onecycle", None}
"onecycle" increases the learning rate to `lr` over the first 30 % of the batches and
decreases it to nearly 0 over the others. None keeps it constant.""",
    "weight_decay": """float
Decoupled weight decay of AdamW, at least 0. With 0 the optimizer is Adam.""",
    "precision": """{"auto", "float32", "bfloat16"}
Data type of the matrix products in `fit`. Weights, losses and results are in float32.
"bfloat16" is less exact, and faster for large networks on processors that support it.
"auto" is "bfloat16" on CUDA devices that support it, and "float32" elsewhere, where
torch's settings apply (by default TF32 in cuDNN).""",
    "early_stopping": """bool or "auto"
Whether to hold out `validation_fraction` of the training data, to stop when the
validation loss has not improved for `n_iter_no_change` epochs, and to restore the
weights of the best epoch. "auto" does so from 10,000 training sequences on.""",
    "validation_fraction": """float
Fraction, in (0, 1), of the training data to hold out; at least one sequence.""",
    "n_iter_no_change": """int
Number of epochs without a lower validation loss after which training stops.""",
    "warm_start": """bool
Whether `fit` continues to train the present network, with a new learning rate
schedule. Scalers, vocabularies and the device stay as they are.""",
    "callbacks": """list of skorch callbacks
Additional callbacks; clones of them are used. Targets are dicts of tensors, so
:class:`skorch.callbacks.EpochScoring` needs ``use_caching=False``.""",
}


def insert_shared_parameters(cls):
    """Replace each line ``%(name)s`` in the docstring of a class by that parameter.

    Parameters
    ----------
    cls : type
        An estimator. Defaults are those of its signature.

    Returns
    -------
    cls : type
        The same class.
    """
    if cls.__doc__ is None:  # python -OO
        return cls
    defaults = inspect.signature(cls).parameters

    def entry(match):
        indent, name = match.groups()
        kind, _, description = SHARED_PARAMETERS[name].partition("\n")
        default = repr(defaults[name].default).replace("'", '"')
        heading = f"{indent}{name} : {kind}, default={default}\n"
        return heading + textwrap.fill(
            " ".join(description.split()),
            width=88,
            initial_indent=f"{indent}    ",
            subsequent_indent=f"{indent}    ",
            break_on_hyphens=False,
            break_long_words=False,
        )

    cls.__doc__ = re.sub(r"^( *)%\((\w+)\)s$", entry, cls.__doc__, flags=re.MULTILINE)
    return cls
