"""Functions that RQ worker processes run by name: translate, call one service."""
