"""The data sets of the suites: where each is, and how one is fetched from the Hugging Face hub.

`sources` says where; `download` fetches, checks and unpacks. Needs the extra ``hub``; nothing else imports it.
"""
