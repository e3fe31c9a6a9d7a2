"""The runner: asks a model every sample of a suite, keeps each answer as it comes, and makes a result of them."""
