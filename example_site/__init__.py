"""A small web site that carries the one script tag: what an embedding site looks like.

It knows nothing of the hub but its address.
"""
