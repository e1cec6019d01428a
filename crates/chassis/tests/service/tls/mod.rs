//! Identity: who is let in, who is not, and certificates that are replaced meanwhile.

mod client;
mod peer;
mod refused;
mod renewal;
