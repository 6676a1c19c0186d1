"""Reads TensorFlow.js graph models and writes them as ONNX, without TensorFlow."""
