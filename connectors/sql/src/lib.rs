//! What SQL sources share: emission per dialect, and the check of what was emitted.
