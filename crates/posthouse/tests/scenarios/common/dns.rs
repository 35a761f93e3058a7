//! A name server on loopback with a zone of a few lines.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is said about a name.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    /// An address.
    A(Ipv4Addr),
    /// A mail exchanger with its preference; `.` is the null MX.
    Mx(u16, &'static str),
    /// A text of less than 256 octets.
    Txt(&'static str),
    /// DANE-EE, the whole certificate by its SHA-256.
    Tlsa([u8; 32]),
    /// The server fails to answer.
    ServerFails,
}

/// The name server. Names that it has no line for do not exist.
pub(crate) struct Dns {
    address: SocketAddr,
    zone: Zone,
}

type Zone = Arc<Mutex<Vec<(&'static str, Record)>>>;

const TYPE_A: u16 = 1;
const TYPE_MX: u16 = 15;
const TYPE_TXT: u16 = 16;
const TYPE_TLSA: u16 = 52;
const NO_ERROR: u8 = 0;
const SERVER_FAILURE: u8 = 2;
const NAME_ERROR: u8 = 3;

impl Dns {
    /// Starts with these records.
    pub(crate) fn start(zone: &[(&'static str, Record)]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let zone: Zone = Arc::new(Mutex::new(zone.to_vec()));
        let records = Arc::clone(&zone);
        thread::spawn(move || {
            let mut query = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut query) {
                if let Some(answer) = answer(&query[..length], &records.lock().unwrap()) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, zone }
    }

    /// `[dns] servers` with this server alone.
    pub(crate) fn setting(&self) -> String {
        format!("[\"{}\"]", self.address)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// From now on, these records.
    pub(crate) fn change(&self, zone: &[(&'static str, Record)]) {
        *self.zone.lock().unwrap() = zone.to_vec();
    }
}

/// One response (RFC 1035 section 4.1) to a query with one question.
fn answer(query: &[u8], zone: &[(&'static str, Record)]) -> Option<Vec<u8>> {
    let (name, question_end) = read_name(query)?;
    let question = query.get(12..question_end + 4)?;
    let wanted = u16::from_be_bytes([query[question_end], query[question_end + 1]]);
    let known: Vec<_> = zone.iter().filter(|(owner, _)| *owner == name).collect();
    let fails = known.iter().any(|(_, record)| matches!(record, Record::ServerFails));
    let code = match (fails, known.is_empty()) {
        (true, _) => SERVER_FAILURE,
        (false, true) => NAME_ERROR,
        (false, false) => NO_ERROR,
    };
    let answers: Vec<Vec<u8>> =
        known.iter().filter_map(|(_, record)| data(record, wanted)).collect();
    // A response, with recursion desired and available.
    let mut out = vec![query[0], query[1], 0x81, 0x80 | code, 0, 1];
    out.extend_from_slice(&(answers.len() as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0, 0, 0]);
    out.extend_from_slice(question);
    for data in answers {
        out.extend_from_slice(&[0xc0, 12]); // The question's name.
        out.extend_from_slice(&wanted.to_be_bytes());
        out.extend_from_slice(&[0, 1, 0, 0, 0, 0]); // IN; nobody may cache it.
        out.extend_from_slice(&(data.len() as u16).to_be_bytes());
        out.extend_from_slice(&data);
    }
    Some(out)
}

/// A record's data, where it is of the type that was asked for.
fn data(record: &Record, wanted: u16) -> Option<Vec<u8>> {
    match record {
        Record::A(address) if wanted == TYPE_A => Some(address.octets().to_vec()),
        Record::Mx(preference, host) if wanted == TYPE_MX => {
            let mut data = preference.to_be_bytes().to_vec();
            for label in host.split('.').filter(|label| !label.is_empty()) {
                data.push(label.len() as u8);
                data.extend_from_slice(label.as_bytes());
            }
            data.push(0);
            Some(data)
        }
        Record::Txt(text) if wanted == TYPE_TXT => {
            Some([&[text.len() as u8], text.as_bytes()].concat())
        }
        Record::Tlsa(digest) if wanted == TYPE_TLSA => Some([&[3, 0, 1], &digest[..]].concat()),
        _ => None,
    }
}

/// The question's name in lower case, and where it ends.
fn read_name(query: &[u8]) -> Option<(String, usize)> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
}
