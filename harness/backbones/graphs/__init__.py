"""Models as ONNX graphs, answered by onnxruntime on the CPU."""
