"""Pure computing: identities, atoms, compile, fold, join. It knows rules, not languages."""
