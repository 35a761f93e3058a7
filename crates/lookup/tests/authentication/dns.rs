//! A name server on loopback with a zone in memory, over UDP and TCP.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use posthouse_lookup::Resolver;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

/// What is said about a name.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Mx(u16, String),
    /// The strings of one text record, as octets.
    Txt(Vec<Vec<u8>>),
    Ptr(String),
    Cname(String),
    /// SERVFAIL for every type that nothing else is said of.
    Fails,
    /// No answer at all.
    Silence,
}

/// Names in lower case without final dot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zone {
    said: BTreeMap<String, Vec<Said>>,
}

impl Zone {
    pub(crate) fn add(&mut self, name: &str, said: Said) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.said.entry(name).or_default().push(said);
    }

    pub(crate) fn txt(mut self, name: &str, text: &str) -> Self {
        let pieces = text.as_bytes().chunks(255).map(<[u8]>::to_vec).collect();
        self.add(name, Said::Txt(pieces));
        self
    }

    pub(crate) fn a(mut self, name: &str, address: &str) -> Self {
        self.add(name, Said::A(address.parse().unwrap()));
        self
    }

    pub(crate) fn with(mut self, name: &str, said: Said) -> Self {
        self.add(name, said);
        self
    }
}

/// A running name server.
pub(crate) struct Dns {
    pub(crate) resolver: Resolver,
    questions: Arc<AtomicUsize>,
    names: Arc<Mutex<BTreeSet<String>>>,
}

impl Dns {
    /// Serves the zone until the test's runtime ends.
    pub(crate) async fn serve(zone: Zone) -> Self {
        let (listener, socket, address) = loop {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            if let Ok(socket) = UdpSocket::bind(address).await {
                break (listener, socket, address);
            }
        };
        let zone = Arc::new(zone);
        let questions = Arc::new(AtomicUsize::new(0));
        let names = Arc::new(Mutex::new(BTreeSet::new()));
        let (udp_zone, counter, asked) = (zone.clone(), questions.clone(), names.clone());
        tokio::spawn(async move {
            let mut packet = [0; 4096];
            loop {
                let (length, from) = socket.recv_from(&mut packet).await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                if let Some(bytes) = answer(&udp_zone, &packet[..length], false, &asked) {
                    socket.send_to(&bytes, from).await.unwrap();
                }
            }
        });
        let asked = names.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (zone, asked) = (zone.clone(), asked.clone());
                tokio::spawn(async move {
                    while let Ok(length) = stream.read_u16().await {
                        let mut packet = vec![0; usize::from(length)];
                        if stream.read_exact(&mut packet).await.is_err() {
                            return;
                        }
                        if let Some(bytes) = answer(&zone, &packet, true, &asked) {
                            let length = u16::try_from(bytes.len()).unwrap();
                            let _ = stream.write_u16(length).await;
                            let _ = stream.write_all(&bytes).await;
                        }
                    }
                });
            }
        });
        Self { resolver: Resolver::with_servers(&[SocketAddr::V4(v4(address))]), questions, names }
    }

    /// Packets that asked, over UDP.
    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    /// Names that were asked for.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names.lock().unwrap().iter().cloned().collect()
    }
}

fn v4(address: SocketAddr) -> std::net::SocketAddrV4 {
    match address {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(_) => unreachable!("bound to 127.0.0.1"),
    }
}

/// Octets that fit into an answer over UDP without EDNS (RFC 1035 section 4.2.1).
const UDP_BYTES_MAX: usize = 512;

fn answer(
    zone: &Zone,
    packet: &[u8],
    over_tcp: bool,
    names: &Mutex<BTreeSet<String>>,
) -> Option<Vec<u8>> {
    let query = Message::from_vec(packet).ok()?;
    let question = query.queries.first()?.clone();
    let mut response = Message::response(query.metadata.id, OpCode::Query);
    response.metadata.recursion_available = true;
    response.add_query(question.clone());
    let owner = question.name().clone();
    let labels = owner.iter().map(|label| String::from_utf8_lossy(label).to_ascii_lowercase());
    let name = labels.collect::<Vec<_>>().join(".");
    names.lock().unwrap().insert(name.clone());
    let wanted = question.query_type();
    let mut said = zone.said.get(&name);
    let mut answers = Vec::new();
    let mut at = owner;
    for _ in 0..8 {
        let alias = said.into_iter().flatten().find_map(|said| match said {
            Said::Cname(target) => Some(target.clone()),
            _ => None,
        });
        let Some(alias) = alias.filter(|_| wanted != RecordType::CNAME) else {
            break;
        };
        let target = fqdn(&alias)?;
        answers.push(Record::from_rdata(at, 60, RData::CNAME(CNAME(target.clone()))));
        at = target;
        said = zone.said.get(&alias.trim_end_matches('.').to_ascii_lowercase());
    }
    match said {
        None => response.metadata.response_code = ResponseCode::NXDomain,
        Some(said) => {
            if said.iter().any(|said| matches!(said, Said::Silence)) {
                return None;
            }
            let found: Vec<_> = said.iter().filter_map(data).collect();
            let found = found.into_iter().filter(|(kind, _)| *kind == wanted);
            let before = answers.len();
            answers.extend(found.map(|(_, data)| Record::from_rdata(at.clone(), 60, data)));
            if answers.len() == before && said.iter().any(|said| matches!(said, Said::Fails)) {
                response.metadata.response_code = ResponseCode::ServFail;
            }
        }
    }
    response.add_answers(answers);
    let bytes = response.to_vec().unwrap();
    if bytes.len() > UDP_BYTES_MAX && !over_tcp {
        let mut short = Message::response(query.metadata.id, OpCode::Query);
        short.metadata.truncation = true;
        short.add_query(question);
        return Some(short.to_vec().unwrap());
    }
    Some(bytes)
}

fn data(said: &Said) -> Option<(RecordType, RData)> {
    Some(match said {
        Said::A(address) => (RecordType::A, RData::A(A(*address))),
        Said::Aaaa(address) => (RecordType::AAAA, RData::AAAA(AAAA(*address))),
        Said::Mx(preference, host) => {
            (RecordType::MX, RData::MX(MX::new(*preference, fqdn(host)?)))
        }
        Said::Txt(pieces) => (
            RecordType::TXT,
            RData::TXT(TXT::from_bytes(pieces.iter().map(Vec::as_slice).collect())),
        ),
        Said::Ptr(name) => (RecordType::PTR, RData::PTR(PTR(fqdn(name)?))),
        Said::Cname(_) | Said::Fails | Said::Silence => return None,
    })
}

fn fqdn(name: &str) -> Option<Name> {
    let labels = name.trim_end_matches('.').split('.').filter(|label| !label.is_empty());
    let mut name = Name::from_labels(labels.map(str::as_bytes)).ok()?;
    name.set_fqdn(true);
    Some(name)
}
