"""An episode again: checked without a device (`simulate`), put to a model (`ask`), or done again (`live`)."""
