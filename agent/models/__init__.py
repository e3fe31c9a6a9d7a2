"""Models: which one a name stands for, how it is asked (dialects) and where it runs (endpoints, in process)."""
