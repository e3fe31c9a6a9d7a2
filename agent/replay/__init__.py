"""An episode again: checked without a device (`simulate`), or put to a model (`ask`)."""
