"""Episodes in other formats: training conversations (`sharegpt`), a datasets folder (`hf`), a Python script (`script`).

`export` chooses the format; `exported` has what they share.
"""
