//! The binary.
mod proxy_protocol;
mod tls;
mod wire;

fn main() {}
