"""From findings to a decision: intents, content, verdict, record, explanation. `decide.decide` is the way through."""
