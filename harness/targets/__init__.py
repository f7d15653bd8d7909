"""What is predicted: the kinds of task, and the one place where a metric stands.

Light to import: what a metric is computed by is imported when it is first computed.
"""
