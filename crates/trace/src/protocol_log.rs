//! Exchange's SMTP send and receive protocol logs: the lines that administrators and their tools
//! search for the certificate that was sent and the words that came back.
//!
//! Pure. One event is one line whatever a peer says: controls are made visible before quoting.
//! Who writes which line into which file is the binary's affair.

use posthouse_types::{CertificateSummary, UnixMillis};

use crate::csv::cell;
use crate::times::rfc3339;

/// Whose sessions a log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those that we open: a Send connector's.
    Send,
    /// Those that are opened to us: a Receive connector's.
    Receive,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// `+`
    Connect,
    /// `-`
    Disconnect,
    /// `>`
    Send,
    /// `<`
    Receive,
    /// `*`
    Information,
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// When.
    pub time: UnixMillis,
    /// The connector's name.
    pub connector_id: &'a str,
    /// The session; shown as 16 hexadecimal digits.
    pub session_id: u64,
    /// Its lines are counted from 0.
    pub sequence: u32,
    /// Our `ip:port`; empty before the connection is made.
    pub local: &'a str,
    /// The other side's `ip:port`.
    pub remote: &'a str,
    /// What the line is about.
    pub event: LogEvent,
    /// What was said, or the value that `context` names.
    pub data: &'a str,
    /// What it means.
    pub context: &'a str,
}

/// Whose certificate is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateOwner {
    /// The one we send.
    Sending,
    /// The other side's.
    Remote,
}

/// The lines that each file begins with, CRLF included.
pub fn header(side: Side, now: UnixMillis) -> String {
    let which = match side {
        Side::Send => "Send",
        Side::Receive => "Receive",
    };
    format!(
        "#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n\
         #Log-type: SMTP {which} Protocol Log\r\n#Date: {}\r\n#Fields: date-time,connector-id,\
         session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context\r\n",
        rfc3339(now.0)
    )
}

/// One line, CRLF included.
pub fn line(line: &Line<'_>) -> String {
    let event = match line.event {
        LogEvent::Connect => '+',
        LogEvent::Disconnect => '-',
        LogEvent::Send => '>',
        LogEvent::Receive => '<',
        LogEvent::Information => '*',
    };
    format!(
        "{},{},{:016X},{},{},{},{event},{},{}\r\n",
        rfc3339(line.time.0),
        cell(line.connector_id),
        line.session_id,
        line.sequence,
        cell(line.local),
        cell(line.remote),
        cell(line.data),
        cell(line.context),
    )
}

/// Data and context of the information lines on one certificate, in Exchange's order.
pub fn certificate_lines(
    owner: CertificateOwner,
    certificate: &CertificateSummary,
) -> [(String, &'static str); 6] {
    let first = match owner {
        CertificateOwner::Sending => "Sending certificate",
        CertificateOwner::Remote => "Remote certificate",
    };
    [
        (String::new(), first),
        (certificate.subject.clone(), "Certificate subject"),
        (certificate.issuer.clone(), "Certificate issuer name"),
        (certificate.serial.clone(), "Certificate serial number"),
        (certificate.thumbprint.clone(), "Certificate thumbprint"),
        (certificate.dns_names.join(";"), "Certificate alternate names"),
    ]
}

/// Context of the information line on a handshake that succeeded. `version` is `TLSv1.2` or
/// `TLSv1.3`, `cipher` the suite's IANA name.
pub fn tls_succeeded(side: Side, version: &str, cipher: &str) -> String {
    let role = match side {
        Side::Send => "CLIENT",
        Side::Receive => "SERVER",
    };
    let protocol = match version {
        "TLSv1.3" => format!("SP_PROT_TLS1_3_{role}"),
        "TLSv1.2" => format!("SP_PROT_TLS1_2_{role}"),
        other => other.to_owned(),
    };
    let algorithm = if cipher.contains("AES_256") {
        "CALG_AES_256"
    } else if cipher.contains("AES_128") {
        "CALG_AES_128"
    } else {
        "CHACHA20_POLY1305"
    };
    format!(
        "TLS protocol {protocol} negotiation succeeded using bulk encryption algorithm \
         {algorithm} and cipher suite {cipher}"
    )
}

/// Context of the information line on a handshake that failed.
pub fn tls_failed(error: &str) -> String {
    format!("TLS negotiation failed with error {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi2::tests::HOSTILE;

    fn information<'a>(sequence: u32, data: &'a str, context: &'a str) -> Line<'a> {
        Line {
            time: UnixMillis(1_795_457_427_042),
            connector_id: "Outbound to gateway",
            session_id: 0x08D4_1A00,
            sequence,
            local: "192.0.2.10:50001",
            remote: "198.51.100.1:25",
            event: LogEvent::Information,
            data,
            context,
        }
    }

    #[test]
    fn a_session_reads_as_in_exchanges_send_log() {
        let certificate = CertificateSummary {
            subject: "CN=*.contoso.example".to_owned(),
            issuer: "CN=Example Issuing CA, O=Example".to_owned(),
            serial: "0A1B".to_owned(),
            thumbprint: "EC53".to_owned(),
            dns_names: vec!["*.contoso.example".to_owned(), "contoso.example".to_owned()],
            ..CertificateSummary::default()
        };
        let mut log = header(Side::Send, UnixMillis(1_795_457_427_042));
        let connect = Line { event: LogEvent::Connect, ..information(0, "", "") };
        log.push_str(&line(&connect));
        let greeting = "220 mx.gateway.example ESMTP, ready";
        log.push_str(&line(&Line { event: LogEvent::Receive, ..information(1, greeting, "") }));
        let hello = Line { event: LogEvent::Send, ..information(2, "EHLO mail", "") };
        log.push_str(&line(&hello));
        let lines = certificate_lines(CertificateOwner::Sending, &certificate);
        for ((data, context), sequence) in lines.iter().zip(3..) {
            log.push_str(&line(&information(sequence, data, context)));
        }
        let tls = tls_succeeded(Side::Send, "TLSv1.3", "TLS13_AES_256_GCM_SHA384");
        log.push_str(&line(&information(9, "", &tls)));
        let end = Line { event: LogEvent::Disconnect, ..information(10, "", "Local") };
        log.push_str(&line(&end));
        assert_eq!(log.replace("\r\n", "\n"), include_str!("golden/send.log"));
    }

    #[test]
    fn a_receive_log_says_so_and_names_the_servers_side() {
        let header = header(Side::Receive, UnixMillis(1_795_457_427_042));
        assert!(header.contains("\r\n#Log-type: SMTP Receive Protocol Log\r\n"), "{header}");
        let tls = tls_succeeded(Side::Receive, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert!(tls.contains("SP_PROT_TLS1_2_SERVER") && tls.contains("CALG_AES_128"), "{tls}");
    }

    #[test]
    fn web_09_a_hostile_issuer_name_stays_on_its_line() {
        let line = line(&information(0, HOSTILE, "Certificate issuer name"));
        assert_eq!(line.matches(['\r', '\n']).count(), 2, "{line}");
        assert!(line.ends_with("\r\n") && !line.contains('\0'));
    }
}
