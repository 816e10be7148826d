"""Export of fitted estimators to ONNX.

This package needs the extra ``onnx``, which is imported when a file is written.
"""
