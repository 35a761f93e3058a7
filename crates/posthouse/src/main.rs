//! The binary: a gateway that says why, and the sending node in front of any such gateway.
//!
//! It alone may touch sockets, the clock, randomness, signals and the environment. Read
//! `gateway.rs` and `outbound.rs` first: they are the two halves of a message's path.

mod body;
mod cli;
mod complaints;
mod demo;
mod dkim;
mod doctor;
mod door;
mod edge;
mod gateway;
mod health;
mod learned;
mod listeners;
mod notifications;
mod office;
mod outbound;
mod protection;
mod protocol_log;
mod proxy_protocol;
mod receive_log;
mod records;
mod refusals;
mod restrictions;
mod serve;
mod sessions;
mod settings;
mod stores;
mod tls;
mod trust;
mod wire;
mod world;
mod zero_hour;

use std::process::ExitCode;

/// Sessions and deliveries allocate small and short-lived things on every core.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
