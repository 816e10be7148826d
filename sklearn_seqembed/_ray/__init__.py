"""Datasets of Ray: what `sklearn_seqembed.ray` computes on a cluster."""
