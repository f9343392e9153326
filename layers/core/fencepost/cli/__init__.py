"""Commands for the operator of a stack."""
