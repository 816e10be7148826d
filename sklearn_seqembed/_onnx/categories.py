"""Categories as inputs and outputs of ONNX graphs, which torch cannot record.

Strings, and numbers or bools that are categories, are looked up in the vocabularies by
the operator LabelEncoder of ONNX.
"""

import numpy as np

# Codes of the graph that torch records.
MISSING, UNKNOWN = 0, -1

# How a missing string is passed, if the empty string is a category.
MISSING_MARKS = ("", "\ufffd", "<missing>")

DOMAIN = "ai.onnx.ml"
DOMAIN_VERSION = 4


class CategoryInputs:
    """Vocabularies of the categorical features of an estimator, as ONNX nodes.

    Parameters
    ----------
    vocabularies : list of Vocabulary
        The fitted vocabularies.
    kinds : sequence of {"string", "bool", "number"}
        Kind of each feature.

    Attributes
    ----------
    missing : str
        The string that stands for a missing value.
    columns : dict of str to list of int
        Features that each input holds: "categories" strings, "numeric_categories"
        numbers and bools.
    """

    def __init__(self, vocabularies, kinds):
        self.vocabularies = vocabularies
        self.columns = {}
        for k, kind in enumerate(kinds):
            name = "categories" if kind == "string" else "numeric_categories"
            self.columns.setdefault(name, []).append(k)
        known = set()
        for k in self.columns.get("categories", ()):
            known.update(vocabularies[k].categories.tolist())
            infrequent = vocabularies[k].infrequent
            known.update(() if infrequent is None else infrequent.tolist())
        self.missing = next(m for m in _list_marks() if m not in known)

    def prepend(self, model):
        """Replace the input `codes` of a model by inputs of categories."""
        from onnx import TensorProto, helper

        graph = model.graph
        old = next(value for value in graph.input if value.name == "codes")
        axes = [d.dim_param for d in old.type.tensor_type.shape.dim[:2]]
        nodes, found = [], {}
        for name, features in self.columns.items():
            for place, k in enumerate(features):
                column, code = f"{name}_column_{place}", f"codes_{k}"
                nodes += _take_column(name, place, column)
                nodes += self._look_up(k, name, column, code)
                found[k] = code
        codes = [found[k] for k in sorted(found)]
        nodes.append(helper.make_node("Concat", codes, ["codes"], axis=2))
        inputs = []
        for name, features in self.columns.items():
            is_string = name == "categories"
            kind = TensorProto.STRING if is_string else TensorProto.DOUBLE
            shape = [*axes, len(features)]
            inputs.append(helper.make_tensor_value_info(name, kind, shape))
        kept = [value for value in graph.input if value.name != "codes"]
        _replace(graph.input, inputs + kept)
        _replace(graph.node, nodes + list(graph.node))
        _import_domain(model)

    def _look_up(self, k, name, values, codes):
        """Return nodes that turn values of feature k into codes."""
        from onnx import helper

        vocabulary = self.vocabularies[k]
        known = [vocabulary.categories]
        if vocabulary.infrequent is not None:
            known.append(vocabulary.infrequent)
        known = np.concatenate(known)
        indices = vocabulary.lookup(known)[0][:-1].astype(np.int64)
        if name == "categories":
            keys = [*known.tolist(), self.missing]
            node = helper.make_node(
                "LabelEncoder",
                [values],
                [codes],
                domain=DOMAIN,
                keys_strings=[key.encode("utf-8", "surrogatepass") for key in keys],
                values_int64s=[*indices.tolist(), MISSING],
                default_int64=UNKNOWN,
            )
            return [node]
        # LabelEncoder maps numbers only to their own type.
        keys = np.array([*known.astype(np.float64), np.nan])
        found = np.array([*indices, MISSING], np.float64)
        encoded = f"{codes}_as_numbers"
        node = helper.make_node(
            "LabelEncoder",
            [values],
            [encoded],
            domain=DOMAIN,
            keys_tensor=_as_tensor(keys),
            values_tensor=_as_tensor(found),
            default_tensor=_as_tensor(np.array([UNKNOWN], np.float64)),
        )
        return [node, _cast(encoded, codes, np.int64)]

    def append(self, model):
        """Replace the output `codes` of a model by outputs of categories."""
        from onnx import TensorProto, helper

        graph = model.graph
        old = next(value for value in graph.output if value.name == "codes")
        axes = [d.dim_param for d in old.type.tensor_type.shape.dim[:2]]
        nodes, outputs = [], []
        for name, features in self.columns.items():
            found = []
            for place, k in enumerate(features):
                column = f"{name}_column_{place}"
                nodes += _take_column("codes", k, column)
                found.append(f"{name}_{k}")
                nodes += self._decode(k, name, column, found[-1])
            nodes.append(helper.make_node("Concat", found, [name], axis=2))
            is_string = name == "categories"
            kind = TensorProto.STRING if is_string else TensorProto.DOUBLE
            shape = [*axes, len(features)]
            outputs.append(helper.make_tensor_value_info(name, kind, shape))
        kept = [value for value in graph.output if value.name != "codes"]
        _replace(graph.output, kept + outputs)
        graph.node.extend(nodes)
        _import_domain(model)

    def _decode(self, k, name, codes, values):
        """Return nodes that turn codes of feature k into values."""
        from onnx import helper

        vocabulary = self.vocabularies[k]
        indices = vocabulary.lookup(vocabulary.categories)[0][:-1]
        categories = vocabulary.categories
        if name == "categories":
            node = helper.make_node(
                "LabelEncoder",
                [codes],
                [values],
                domain=DOMAIN,
                keys_int64s=indices.tolist(),
                values_strings=[
                    category.encode("utf-8", "surrogatepass") for category in categories
                ],
                default_string=self.missing.encode(),
            )
            return [node]
        numbers = f"{codes}_as_numbers"
        node = helper.make_node(
            "LabelEncoder",
            [numbers],
            [values],
            domain=DOMAIN,
            keys_tensor=_as_tensor(indices.astype(np.float64)),
            values_tensor=_as_tensor(categories.astype(np.float64)),
            default_tensor=_as_tensor(np.array([np.nan])),
        )
        return [_cast(codes, numbers, np.float64), node]


def _list_marks():
    """Yield strings that may stand for a missing value."""
    yield from MISSING_MARKS
    n = 1
    while True:
        yield f"<missing {n}>"
        n += 1


def _take_column(name, place, column):
    """Return nodes that take one column, (N, L, 1), of the last axis."""
    from onnx import helper

    index = f"{column}_index"
    return [
        helper.make_node("Constant", [], [index], value_ints=[place]),
        helper.make_node("Gather", [name, index], [column], axis=2),
    ]


def _cast(before, after, dtype):
    from onnx import helper

    to = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_node("Cast", [before], [after], to=to)


def _as_tensor(array):
    from onnx import numpy_helper

    return numpy_helper.from_array(array)


def _replace(field, values):
    """Replace the elements of a repeated field of a protocol buffer."""
    values = list(values)
    del field[:]
    field.extend(values)


def _import_domain(model):
    from onnx import helper

    if all(opset.domain != DOMAIN for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(DOMAIN, DOMAIN_VERSION))
