"""The network: torch modules that receive tensors and know nothing of the user's data.

Names of axes, used in the docstrings and shape comments of all modules:

====  ==================================================================
N     sequences in the batch
L     time steps of the longest of them; shorter ones are padded
F     numeric features
K     categorical features
P     patches: successive time steps that the cells read or output as one
D     values that the cells read for each patch
H     hidden size: number of recurrent cells
C     components of the vector
R     rows: all computed patches of a batch, one below the other
      (:class:`~sklearn_seqembed._network.layout.Layout`)
B     hypotheses that a beam search keeps for each sequence
·     another width, explained where it occurs
====  ==================================================================

A class is the index of a category in its vocabulary: 1 is the most frequent category,
and 0 is a missing value. Scaled units are those of the numeric values that the network
reads.
"""
