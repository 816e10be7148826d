"""Conversion of a fitted net to plain values and arrays, and back.

Nothing of torch or skorch is kept, so that a file opens with other versions of both.
"""

import numpy as np
import torch

from sklearn_seqembed._network.encoder_decoder import EncoderDecoder, SequenceToSequence
from sklearn_seqembed._network.initial import initial_weights
from sklearn_seqembed._network.labels import SequenceToLabel
from sklearn_seqembed._saving.exceptions import DamagedFileError
from sklearn_seqembed._training.fitting import build_net

NETWORKS = {cls.__name__: cls for cls in (EncoderDecoder, SequenceToSequence)}
NETWORKS[SequenceToLabel.__name__] = SequenceToLabel

DTYPES = {str(dtype): dtype for dtype in (torch.float32, torch.bfloat16, torch.float16)}

# The first such block imports a module, which must not happen when a file is opened.
with torch.device("meta"):
    pass

# Tensors whose first axis depends on the data, and not on the arguments of the network.
DATA_SIZED = "nearest_mean.means", "linear.centers", "linear.weights"

# Arguments of a network that are no sizes, so that they may be large in a small file.
UNBOUNDED_ARGUMENTS = "length", "n_classes", "n_target_classes", "columns"


def describe_net(net, *, with_moments=True):
    """Describe a fitted net by plain values and arrays.

    Parameters
    ----------
    net : SequenceNet
        The net.
    with_moments : bool, default=True
        Whether to keep the moments of the optimizer, if there are any. They are twice
        as large as the weights, and only continued training needs them.

    Returns
    -------
    dict
        What :func:`rebuild_net` needs.
    """
    params = net.get_params(deep=False)
    prefix = "module__"
    arguments = {
        name.removeprefix(prefix): value
        for name, value in params.items()
        if name.startswith(prefix)
    }
    return {
        "network": type(net.module_).__name__,
        "arguments": arguments,
        "class_scales": net.criterion_.class_scales,
        "learn_ends": bool(net.criterion_.learn_ends),
        "absolute": bool(net.criterion_.absolute),
        "lr": net.lr,
        "batch_size": net.batch_size,
        "weight_decay": net.weight_decay,
        "device": str(net.device),
        "compute_dtype": str(net.compute_dtype),
        "interrupted": net.interrupted_,
        "weights": {
            name: tensor.detach().cpu().numpy()
            for name, tensor in _name_tensors(net.module_).items()
        },
        "moments": get_moments(net) if with_moments else {},
    }


def rebuild_net(state, *, for_training=False):
    """Build a net from what :func:`describe_net` returned.

    Parameters
    ----------
    state : dict
        Plain values and arrays. The arrays are copied.
    for_training : bool, default=False
        Whether to build the optimizer, too. Importing what it needs takes seconds.

    Returns
    -------
    SequenceNet
        The net, on the device where it was, or on the CPU if that does not exist here.

    Raises
    ------
    DamagedFileError
        If weights are missing, or differ in shape or dtype from those of the network.
    """
    network, arguments = NETWORKS.get(state["network"]), state["arguments"]
    if network is None:
        raise DamagedFileError(f"there is no network {state['network']!r}")
    weights = state["weights"]
    _check_sizes(arguments, weights)
    with torch.device("meta"), initial_weights("meta"):  # without memory for weights
        expected = _name_tensors(network(**arguments))
    _check_weights(expected, weights)
    with initial_weights("empty"):
        net = build_net(
            network,
            arguments,
            class_scales=state["class_scales"],
            lr=float(state["lr"]),
            weight_decay=float(state["weight_decay"]),
            batch_size=int(state["batch_size"]),
            device=_find_device(state["device"]),
            for_training=for_training,
        )
    _load_weights(net.module_, weights)
    net.criterion_.learn_ends = state["learn_ends"]
    net.criterion_.absolute = state["absolute"]
    net.compute_dtype = DTYPES[state["compute_dtype"]]
    net.interrupted_ = state["interrupted"]
    net.moments_ = state["moments"]
    if for_training:
        set_moments(net)
    net.module_.eval()
    return net


def copy_for_training(net):
    """Copy a net, with the optimizer that continues its training."""
    copied = rebuild_net(describe_net(net), for_training=True)
    copied.history.extend(dict(row) for row in net.history)
    return copied


def _name_tensors(module):
    """Return all parameters and buffers by name; shared ones have their first name."""
    return dict(module.named_parameters()) | dict(module.named_buffers())


def _check_sizes(arguments, weights):
    """Raise an error if the network would have more or larger layers than weights.

    Building its layers, even without weights, would then take much time or memory.
    """
    most = sum(array.size for array in weights.values())
    for name, value in _iter_arguments(arguments):
        if isinstance(value, (list, tuple)):
            largest, value = (2 if name == "parts" else most), len(value)
        elif isinstance(value, int) and name not in UNBOUNDED_ARGUMENTS:
            largest = len(weights) // 4 if name == "num_layers" else most
        elif value is None or isinstance(value, (bool, int, float, str)):
            continue
        else:
            raise DamagedFileError(f"{name} is of type {type(value).__name__}")
        if value > largest:
            raise DamagedFileError(f"{name}={value} does not suit {most} weights")


def _iter_arguments(arguments):
    """Yield names and values of arguments, also of those in dicts and sequences."""
    for name, value in arguments.items():
        if isinstance(value, dict):
            yield from _iter_arguments(value)
            continue
        yield name, value
        if isinstance(value, (list, tuple)):
            for item in value:
                if isinstance(item, (list, tuple)):
                    yield name, item
                    yield from ((name, number) for number in item)
                else:
                    yield name, item


def _check_weights(expected, weights):
    if missing := sorted(expected.keys() - weights.keys()):
        raise DamagedFileError(f"the weights {missing[0]!r} are missing")
    if extra := sorted(weights.keys() - expected.keys()):
        raise DamagedFileError(f"there are unexpected weights {extra[0]!r}")
    for name, tensor in expected.items():
        shape, dtype = tuple(tensor.shape), torch.empty(0, dtype=tensor.dtype).numpy()
        found = weights[name]
        axis = 1 if name.endswith(DATA_SIZED) else 0
        if found.ndim != len(shape) or found.shape[axis:] != shape[axis:]:
            raise DamagedFileError(
                f"the weights {name!r} have shape {found.shape}, expected {shape}"
            )
        if found.dtype != dtype.dtype:
            raise DamagedFileError(
                f"the weights {name!r} are {found.dtype}, expected {dtype.dtype}"
            )


def _load_weights(module, weights):
    """Copy weights into a module, also under the other names of shared ones."""
    names = {id(tensor): name for name, tensor in _name_tensors(module).items()}
    module.load_state_dict(
        {
            name: torch.from_numpy(np.array(weights[names[id(tensor)]]))
            for name, tensor in module.state_dict(keep_vars=True).items()
        }
    )


def _find_device(name):
    """Return the name of a device, or the CPU if this machine does not have it."""
    device = torch.device(name)
    if device.type == "cuda":
        is_there = (device.index or 0) < torch.cuda.device_count()
    else:
        is_there = device.type == "mps" and torch.backends.mps.is_available()
    return name if is_there else "cpu"


def get_moments(net):
    """Return the state of the optimizer of each parameter by name."""
    if not hasattr(net, "optimizer_"):
        return net.moments_
    names = [name for name, _ in net.get_all_learnable_params()]
    return {
        names[i]: {key: tensor.cpu().numpy() for key, tensor in moments.items()}
        for i, moments in net.optimizer_.state_dict()["state"].items()
    }


def set_moments(net):
    """Pass the moments of a net on to its optimizer."""
    parameters = list(net.get_all_learnable_params())
    places = {name: i for i, (name, _) in enumerate(parameters)}
    state = {}
    for name, moments in net.moments_.items():
        shape = tuple(parameters[places[name]][1].shape) if name in places else None
        for key, array in moments.items():
            if array.shape not in (shape, ()):
                raise DamagedFileError(
                    f"{key} of the weights {name!r} has another shape"
                )
        state[places[name]] = {
            key: torch.from_numpy(np.array(array)) for key, array in moments.items()
        }
    groups = net.optimizer_.state_dict()["param_groups"]
    net.optimizer_.load_state_dict({"state": state, "param_groups": groups})
    net.moments_ = {}
