"""Implementers' own code as judges: programs that answer with the engine of a policy implementation, not with ours."""
