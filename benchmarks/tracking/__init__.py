"""Results logged to other tools through their own libraries (``--log-to``): W&B, MLflow, TensorBoard, inspect_ai's log.

None of them is a dependency; `trackers` says which is missing before anything runs.
"""
