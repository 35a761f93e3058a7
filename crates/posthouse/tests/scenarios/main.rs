//! Scenarios: stories from end to end, on the real binary over loopback, mostly with clients and
//! servers that others wrote. One story, one file.
//!
//! One test program for all of them: they wait more than they compute, so they run side by side.
//! Each has a folder, a node, certificates and ports of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a scenario that meets the unexpected fails there"
)]

mod common;

mod balancer;
mod cert_diagnose;
mod cert_stores;
mod chain_rules;
mod complaints;
mod contacts;
mod delivery;
mod delivery_connections;
mod delivery_dns;
mod delivery_reports;
mod demo;
mod dkim;
mod doctor;
mod durability;
mod edge;
mod edge_gateways;
mod edge_users;
mod enhanced_filtering;
mod evidence;
mod exim;
mod foreign_clients;
mod health;
mod kb_3212877;
mod kill;
mod limits;
mod limits_of_time;
mod logos;
mod mail_flow_rules;
mod outbound;
mod outgoing_header;
mod postfix;
mod protection;
mod quarantine;
mod quarantine_notifications;
mod recognition;
mod reports;
mod reputation;
mod running;
mod scanner;
mod sender_lists;
mod session_attacks;
mod smuggling;
mod spoofs;
mod stopping;
mod story;
mod zero_hour;
