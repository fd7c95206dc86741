"""Pure rules: states and their moves, matching, sizing, trust. Values in, decisions out."""
