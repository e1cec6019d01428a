//! The routes of the system that this one replaces: their bytes stay.

pub mod list;
pub mod pay;
