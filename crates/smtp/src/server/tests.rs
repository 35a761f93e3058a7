//! Claims about sessions, made through the public steps only.
