//! The program as it is started: its arguments, variables, exit codes, output and signals.

mod configuration;
mod crash;
mod logs;
mod process;
mod stop;
