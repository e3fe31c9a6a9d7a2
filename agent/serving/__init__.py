"""Starting a model server: which engine, which flags, and the child process."""
