//! The demo's applications: they hand over one message and report what the server said.
//!
//! May touch: one connection to loopback. Speaks through the same protocol core and TLS end as
//! the gateway's deliveries.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use posthouse_smtp::client::{
    Client, ClientOptions, ClientStep, ClientTimeouts, RecipientOutcome, TlsWish, Transaction,
};
use posthouse_types::{Address, MailParameters, Recipient, RecipientParameters};
use tokio::net::TcpStream;

use crate::tls::ClientTls;
use crate::wire::{ReadOutcome, Wire};
use crate::world;

/// What is handed over.
pub(super) struct Letter<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) text: &'a str,
}

/// Hands a letter to a server, by TLS with a certificate where one is given; the server's words.
pub(super) async fn hand_over(
    server: SocketAddr,
    identity: Option<(&Path, &Path)>,
    letter: &Letter<'_>,
) -> io::Result<Vec<String>> {
    let options = ClientOptions {
        helo_name: "application.demo.example".to_owned(),
        tls: if identity.is_some() { TlsWish::Required } else { TlsWish::Never },
        timeouts: ClientTimeouts::default(),
        log_lines: false,
    };
    let tls = ClientTls::default();
    let identity = identity
        .map(|(certificate, key)| tls.identity(certificate, key))
        .transpose()
        .map_err(|failure| io::Error::other(failure.text))?;
    let mut wire = Wire::plain(TcpStream::connect(server).await?);
    let mut client = Client::new(Arc::new(options));
    let mut transaction = Some(transaction(letter)?);
    let mut text = letter.text.as_bytes();
    loop {
        match client.next_step(world::now()) {
            ClientStep::Send { .. } => {
                if wire.write(&client.take_output()).await.is_err() {
                    client.peer_closed();
                }
            }
            ClientStep::Receive { until } => match wire.read(until.since(world::now())).await {
                ReadOutcome::Bytes(bytes) => client.receive(bytes),
                ReadOutcome::Closed => client.peer_closed(),
                ReadOutcome::TimedOut => {}
            },
            ClientStep::StartTls => {
                match wire.start_tls_client(&tls, "gateway.demo.example", identity.as_ref()).await {
                    Ok(_) => client.secured(),
                    Err(failure) => client.tls_failed(failure.text),
                }
            }
            ClientStep::Ready => match transaction.take() {
                Some(transaction) => {
                    if client.begin(transaction).is_err() {
                        return Err(io::Error::other("the server was not ready"));
                    }
                }
                None => client.quit(),
            },
            ClientStep::BodyWanted if text.is_empty() => client.body_end(),
            ClientStep::BodyWanted => client.body(std::mem::take(&mut text)),
            ClientStep::Finished(outcomes) => return said(&outcomes),
            ClientStep::Closed(failure) => {
                let text = failure.map_or("the server closed".to_owned(), |failure| failure.text);
                return Err(io::Error::other(text));
            }
        }
    }
}

fn transaction(letter: &Letter<'_>) -> io::Result<Transaction> {
    let address = |text: &str| -> io::Result<Address> {
        posthouse_smtp::parse_address(text, false).map_err(io::Error::other)
    };
    Ok(Transaction {
        sender: Some(address(letter.from)?),
        recipients: vec![Recipient {
            address: address(letter.to)?,
            parameters: RecipientParameters::default(),
        }],
        parameters: MailParameters::default(),
        size: letter.text.len() as u64,
        has_8bit: false,
    })
}

fn said(outcomes: &[RecipientOutcome]) -> io::Result<Vec<String>> {
    let reply = outcomes.first().and_then(RecipientOutcome::reply);
    reply
        .map(|reply| reply.raw_lines().to_vec())
        .ok_or_else(|| io::Error::other("the server said nothing"))
}
