"""Fitted estimators as plain values and arrays, in pickles and safetensors files."""
