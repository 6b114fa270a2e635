"""How enforcers compose: one data module a CNI and version, and the composer that reads it."""
