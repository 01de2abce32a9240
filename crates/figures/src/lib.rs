//! Figures of attention.
