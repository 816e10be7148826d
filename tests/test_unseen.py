"""Categories that fit never met are surprising."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor
from sklearn_seqembed.exceptions import SequenceReadingWarning


def make_logs(n, rng, n_new=0):
    """Make log lines of a few templates; some of them hold words of their own."""
    templates = ["user {} logged in", "file {} was opened", "disk {} is full"]
    lines = [
        templates[rng.integers(3)].format("abcdef"[rng.integers(6)]).split()
        for _ in range(n)
    ]
    for line in lines[:n_new]:
        line[rng.integers(len(line))] = f"unheard-{rng.integers(1000)}"
    return lines


@pytest.mark.parametrize("handle_unknown", ["ignore", "infrequent_if_exist"])
@pytest.mark.parametrize("objective", ["reconstruction", "composite"])
def test_sequences_with_tokens_never_met_score_low(handle_unknown, objective):
    rng = np.random.default_rng(0)
    embedder = LSTMSequenceEmbedder(
        n_components=32,
        max_epochs=20,
        horizon=1,
        objective=objective,
        handle_unknown=handle_unknown,
        random_state=0,
    ).fit(make_logs(200, rng))
    X = make_logs(100, rng, n_new=50)

    scores = embedder.score_samples(X)

    is_known = np.arange(100) >= 50
    if objective == "composite":
        assert roc_auc_score(is_known, scores) > 0.9
    else:
        assert scores[:50].max() < scores[50:].min()


def test_a_token_never_met_is_as_probable_as_any_that_never_occurs():
    X = [["a", "b"], ["b", "a"], ["a", "a"]]
    embedder = small_embedder(categories=[["a", "b", "c"]]).fit(X)
    models = embedder._category_models
    sequences = embedder._check_X([["a", "c"], ["a", "new"], ["a", None]], reset=False)

    never, new, missing = models.mean_surprises(sequences[0])

    assert new == pytest.approx(never)
    assert missing < new


def test_a_new_token_is_less_probable_than_an_infrequent_one():
    X = [["a", "b"]] * 10 + [["c", "a"]]
    embedder = small_embedder(min_frequency=2).fit(X)

    rare, new = embedder.score_samples([["a", "c"], ["a", "new"]])

    # There was one infrequent token, so that half of them are expected to be new. The
    # term is twice the surprise in both directions, and the mean of two tokens and the
    # end.
    assert rare - new == pytest.approx(2 * 2 * np.log(2) / 3, rel=1e-5)


def test_a_new_token_of_a_feature_with_one_category_is_surprising():
    embedder = LSTMSequenceEmbedder(n_components=4, max_epochs=2, random_state=0)
    embedder.fit([[("a", 1.0 + i % 3), ("a", 1.0 + i % 5)] for i in range(20)])

    known, new = embedder.score_samples([[("a", 1.0)] * 2, [("b", 1.0)] * 2])

    assert new < known


@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_categories_that_first_occur_later_are_counted(method):
    embedder = LSTMSequenceEmbedder(
        n_components=4, max_epochs=1, warm_start=True, random_state=0
    )
    train = getattr(embedder, method)
    train([["a", "b"], ["b", "a"]])

    with pytest.warns(
        SequenceReadingWarning, match="X holds 2 categories .* did not meet, 'c'"
    ):
        train([["a", "c"], ["d", "a"]])


def test_new_categories_of_a_target_are_counted():
    predictor = LSTMSequencePredictor(n_components=4, random_state=0)
    predictor.partial_fit([["a"], ["b"]], [["c", "d"], ["d"]])

    with pytest.warns(
        SequenceReadingWarning, match="y holds 1 category .* did not meet, 'e'"
    ):
        predictor.partial_fit([["a"], ["b"]], [["c", "d"], ["e"]])


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.filterwarnings("ignore:The network explains only")
def test_new_categories_that_become_infrequent_are_not_counted():
    embedder = LSTMSequenceEmbedder(n_components=4, min_frequency=2, random_state=0)
    embedder.partial_fit([["a", "b"], ["b", "a"], ["c"]])

    embedder.partial_fit([["a", "new"]])


def test_categories_can_be_given_beforehand():
    embedder = LSTMSequenceEmbedder(
        n_components=4, categories=[["d", "c", "b", "a"]], random_state=0
    )
    embedder.partial_fit([["a", "b"], ["b", "b"]])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        embedder.partial_fit([["c", "d"], ["a", "c"]])

    assert embedder.categories_[0].tolist() == ["b", "a", "d", "c"]
    (found,) = embedder.reconstruct([["c", "d"]])
    assert set(found) <= set("abcd")


def test_given_categories_of_targets_and_of_mixed_features():
    X = [[(1.0, "a", 5), (2.0, "b", 6)], [(0.5, "b", 5)]]
    y = [["u"], ["v"]]
    predictor = LSTMSequencePredictor(
        n_components=4,
        max_epochs=1,
        categorical_features=[1, 2],
        categories=[None, ["a", "b", "c"], [5, 6, 7]],
        target_categories=[["u", "v", "w"]],
        random_state=0,
    ).fit(X, y)

    assert predictor.categories_[0] is None
    assert predictor.categories_[1].tolist() == ["b", "a", "c"]
    assert predictor.categories_[2].tolist() == [5, 6, 7]
    assert predictor.target_categories_[0].tolist() == ["u", "v", "w"]
    assert len(predictor.predict([[(1.0, "c", 7)]])) == 1


@pytest.mark.parametrize(
    ("categories", "error", "message"),
    [
        (["a"], TypeError, r"categories\[0\] must be a list or an array of cat.*'a'"),
        ("a", ValueError, "categories must be 'auto' or a list .* the 1 feature of X"),
        ([["a"], ["b"]], ValueError, "categories must be 'auto' or a list"),
        ([["a", "a"]], ValueError, r"categories\[0\] must hold distinct strings"),
        ([["a", 1]], ValueError, r"categories\[0\] must hold distinct strings.*got 1"),
        ([[]], ValueError, r"categories\[0\] must hold distinct strings, at least one"),
    ],
)
def test_wrong_categories_are_refused(categories, error, message):
    with pytest.raises(error, match=message):
        LSTMSequenceEmbedder(categories=categories).fit([["a", "b"]])


def test_categories_of_a_numeric_feature_are_refused():
    with pytest.raises(ValueError, match=r"categories\[0\] must be None, because"):
        LSTMSequenceEmbedder(categories=[[1, 2]]).fit([[1.0, 2.0]])


def test_a_category_that_is_not_given_is_refused_if_asked():
    embedder = LSTMSequenceEmbedder(categories=[["a"]], handle_unknown="error")

    with pytest.raises(ValueError, match=r"X\[0\] holds 'b' at time step 1"):
        embedder.fit([["a", "b"]])


@pytest.mark.parametrize("method", ["transform", "reconstruct", "score_samples"])
def test_sequences_without_any_known_category_warn(method):
    X = [["yes", "no"], ["no", "no"]] * 10
    embedder = LSTMSequenceEmbedder(n_components=4, max_epochs=2).fit(X)
    call = getattr(embedder, method)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call([["Yes", "no"]])
        if method == "score_samples":  # it counts them
            call([["Yes", "No"]])
            return
    with pytest.warns(
        SequenceReadingWarning, match="No category of feature 0.*'(Yes|No)'"
    ):
        call([["Yes", "No"]])


def test_the_feature_without_known_categories_is_named():
    X = [[(1.0, "a", "x"), (2.0, "b", "y"), (0.0, "c", "z")]] * 5
    predictor = LSTMSequencePredictor(4, max_epochs=2).fit(X, ["ab"] * 5)

    with pytest.warns(SequenceReadingWarning, match="feature 2 of X .*'q' for example"):
        predictor.predict([[(1.0, "a", "q")]])


@pytest.mark.parametrize("shares", [False, True])
def test_categories_that_are_not_listed_are_counted(shares):
    X = ["ab", "abc", "ad"] * 5
    lists = {"categories": [["a", "b"]], "target_categories": [["a", "b"]]}
    if shares:
        lists = {"categories": [["a", "b"]], "shared_vocabulary": True}
    option = "categories" if shares else "target_categories"
    predictor = LSTMSequencePredictor(4, max_epochs=1, **lists)

    with pytest.warns(UserWarning) as caught:
        predictor.fit(X, X)

    messages = [str(w.message) for w in caught if "does not list" in str(w.message)]
    assert messages == [
        f"{name} holds 2 categories that {used} does not list, 'c' for example, read "
        f"as missing. List all categories of {name}."
        for name, used in (("X", "categories"), ("y", option))
    ]


def test_what_the_vocabulary_lacks_never_becomes_usual():
    usual, new = ["open", "read", "close"], ["open", "crash", "close"]
    embedder = LSTMSequenceEmbedder(n_components=8, max_epochs=0, random_state=0)
    embedder.partial_fit([usual] * 20)
    with pytest.warns(SequenceReadingWarning, match="first call did not meet"):
        embedder.partial_fit([new] * 20)
    with pytest.warns(SequenceReadingWarning, match="categories does not list"):
        listed = LSTMSequenceEmbedder(
            n_components=8, max_epochs=0, categories=[["open", "read", "close"]]
        ).fit([usual] * 20 + [new] * 20)

    for fitted in (embedder, listed):
        seen, crash, boom = fitted.score_samples(
            [usual, new, ["open", "boom", "close"]]
        )
        assert seen > crash == boom


def test_characters_most_of_which_are_new_warn():
    names = ["anna lee", "bob ray", "eve may", "ann ray", "bo lee"] * 4
    embedder = small_embedder(max_epochs=0).fit(names)

    match = r"^8\d% of the categories of feature 0 of X never occurred in fit, '[A-Z]'"
    with pytest.warns(SequenceReadingWarning, match=match):
        embedder.transform([name.upper() for name in names])
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        embedder.transform(["anna ZZ lee"])
