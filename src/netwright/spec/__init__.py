"""The specification: reference evaluators, one module a policy language, over decoded objects only.

Each reads like the document it follows and answers for one packet at a time. They share nothing with the engine:
labels, addresses, ports and services are matched here again, naively, so that agreement of the two says something.
"""
