//! PROXY protocol version 2: who is behind a load balancer.
//!
//! May read the first octets of a stream, no further than the header. Used only for connections
//! from balancers that the operator listed: anybody else could claim any address with it. A
//! header that is not exactly what is expected is an error, and the connection is closed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::timeout;

/// Longest header: the addresses take 52 octets; the rest is for the balancer's own notes (TLVs),
/// which are skipped.
const HEADER_BYTES_MAX: usize = 4 * 1024;

/// Waiting for the header. The balancer sends it as its first octets.
const HEADER_TIME_MAX: Duration = Duration::from_secs(5);

/// The fixed part: signature, version and command, family and transport, length.
const FIXED_BYTES: usize = 16;

/// The 12 octets that no SMTP client begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Why a connection that should have begun with a header did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyError {
    /// The connection ended or failed before the header was complete.
    Incomplete,
    /// No header came in time.
    TimedOut,
    /// The first octets are something else (version 1 of the protocol, or no header at all).
    NotVersionTwo,
    /// A command other than LOCAL and PROXY.
    UnknownCommand,
    /// Something other than TCP over IPv4 or IPv6.
    UnsupportedFamily,
    /// The length does not fit the addresses, or is over the limit.
    BadLength,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Incomplete => "the connection ended within the PROXY protocol header",
            Self::TimedOut => "no PROXY protocol header came in time",
            Self::NotVersionTwo => "the connection does not begin with a PROXY protocol v2 header",
            Self::UnknownCommand => "the PROXY protocol header holds an unknown command",
            Self::UnsupportedFamily => {
                "the PROXY protocol header is not about TCP over IPv4 or IPv6"
            }
            Self::BadLength => "the PROXY protocol header has a wrong length",
        })
    }
}

impl std::error::Error for ProxyError {}

/// Reads one header from the start of a stream and not an octet more: the client's address, or
/// `None` where the balancer speaks for itself (a health check). An IPv4 address mapped into IPv6
/// comes back as IPv4.
///
/// # Errors
/// The connection is then of no use and is to be closed without a word.
pub(crate) async fn read_header(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<Option<SocketAddr>, ProxyError> {
    let read = async {
        let mut header = vec![0; FIXED_BYTES];
        stream.read_exact(&mut header).await.map_err(|_| ProxyError::Incomplete)?;
        let length = header_bytes(&header)?;
        header.resize(length, 0);
        let rest = header.get_mut(FIXED_BYTES..).unwrap_or_default();
        stream.read_exact(rest).await.map_err(|_| ProxyError::Incomplete)?;
        parse(&header)
    };
    timeout(HEADER_TIME_MAX, read).await.unwrap_or(Err(ProxyError::TimedOut))
}

/// Reads a whole header; the answer is that of [`read_header`].
///
/// # Errors
/// The octets are not exactly one header that we take.
fn parse(header: &[u8]) -> Result<Option<SocketAddr>, ProxyError> {
    if header.len() != header_bytes(header)? {
        return Err(ProxyError::BadLength);
    }
    let (Some(command), Some(family)) = (header.get(12), header.get(13)) else {
        return Err(ProxyError::Incomplete);
    };
    match command & 0x0f {
        // Whatever addresses a LOCAL header carries are to be ignored.
        0 => return Ok(None),
        1 => {}
        _ => return Err(ProxyError::UnknownCommand),
    }
    let addresses = header.get(FIXED_BYTES..).unwrap_or_default();
    match family {
        0x11 => source(addresses, |octets: [u8; 4]| Ipv4Addr::from(octets).into()),
        0x21 => source(addresses, |octets: [u8; 16]| Ipv6Addr::from(octets).to_canonical()),
        _ => Err(ProxyError::UnsupportedFamily),
    }
}

/// The client's address, our address, then both ports; what follows are TLVs.
fn source<const OCTETS: usize>(
    addresses: &[u8],
    address: impl FnOnce([u8; OCTETS]) -> IpAddr,
) -> Result<Option<SocketAddr>, ProxyError> {
    let read = || {
        let (client, rest) = addresses.split_first_chunk::<OCTETS>()?;
        let (_destination, rest) = rest.split_first_chunk::<OCTETS>()?;
        let (client_port, rest) = rest.split_first_chunk::<2>()?;
        let (_destination_port, _) = rest.split_first_chunk::<2>()?;
        Some(SocketAddr::new(address(*client), u16::from_be_bytes(*client_port)))
    };
    read().map(Some).ok_or(ProxyError::BadLength)
}

/// The header's whole length, from its fixed part.
fn header_bytes(header: &[u8]) -> Result<usize, ProxyError> {
    let fixed = header.first_chunk::<FIXED_BYTES>().ok_or(ProxyError::Incomplete)?;
    let [.., version_and_command, _family, high, low] = *fixed;
    if !fixed.starts_with(&SIGNATURE) || version_and_command >> 4 != 2 {
        return Err(ProxyError::NotVersionTwo);
    }
    let length = FIXED_BYTES + usize::from(u16::from_be_bytes([high, low]));
    if length > HEADER_BYTES_MAX { Err(ProxyError::BadLength) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::*;

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[0x20 | command, family], &length, rest].concat()
    }

    /// From 192.0.2.7 port 40000 to 198.51.100.25 port 25.
    fn tcp4() -> Vec<u8> {
        vec![192, 0, 2, 7, 198, 51, 100, 25, 0x9c, 0x40, 0, 25]
    }

    fn tcp6(client: Ipv6Addr) -> Vec<u8> {
        let destination: Ipv6Addr = "2001:db8::25".parse().unwrap();
        [&client.octets()[..], &destination.octets(), &[0x9c, 0x40, 0, 25]].concat()
    }

    #[test]
    fn the_client_behind_the_balancer_is_found() {
        let found = parse(&header(1, 0x11, &tcp4())).unwrap();
        assert_eq!(found, Some("192.0.2.7:40000".parse().unwrap()));
        let client = "2001:db8::7".parse().unwrap();
        let found = parse(&header(1, 0x21, &tcp6(client))).unwrap();
        assert_eq!(found, Some("[2001:db8::7]:40000".parse().unwrap()));
    }

    #[test]
    fn a_mapped_address_is_an_ipv4_address() {
        let mapped = "::ffff:192.0.2.7".parse().unwrap();
        let found = parse(&header(1, 0x21, &tcp6(mapped))).unwrap();
        assert_eq!(found, Some("192.0.2.7:40000".parse().unwrap()));
    }

    #[test]
    fn a_health_check_speaks_for_the_balancer_itself() {
        assert_eq!(parse(&header(0, 0, &[])), Ok(None));
        assert_eq!(parse(&header(0, 0x11, &tcp4())), Ok(None));
    }

    #[test]
    fn the_balancers_own_notes_are_skipped() {
        let with_notes = [tcp4(), vec![0x04, 0, 2, 1, 2]].concat();
        let found = parse(&header(1, 0x11, &with_notes)).unwrap();
        assert_eq!(found, Some("192.0.2.7:40000".parse().unwrap()));
    }

    #[test]
    fn smtp_14_any_other_header_is_refused() {
        let whole = header(1, 0x11, &tcp4());
        let mut version_3 = whole.clone();
        version_3[12] = 0x31;
        for (bytes, error) in [
            (version_3, ProxyError::NotVersionTwo),
            (
                b"PROXY TCP4 192.0.2.7 198.51.100.25 40000 25\r\n".to_vec(),
                ProxyError::NotVersionTwo,
            ),
            (b"EHLO client.example\r\n".to_vec(), ProxyError::NotVersionTwo),
            (whole[..15].to_vec(), ProxyError::Incomplete),
            (whole[..20].to_vec(), ProxyError::BadLength),
            ([&whole[..], b"EHLO"].concat(), ProxyError::BadLength),
            (header(1, 0x11, &tcp4()[..11]), ProxyError::BadLength),
            (header(1, 0x21, &tcp4()), ProxyError::BadLength),
            (header(1, 0x11, &[0; 4096]), ProxyError::BadLength),
            (header(2, 0x11, &tcp4()), ProxyError::UnknownCommand),
            (header(1, 0x12, &tcp4()), ProxyError::UnsupportedFamily),
            (header(1, 0x31, &[0; 216]), ProxyError::UnsupportedFamily),
            (header(1, 0x00, &[]), ProxyError::UnsupportedFamily),
        ] {
            assert_eq!(parse(&bytes), Err(error), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn what_follows_the_header_is_left_in_the_stream() {
        let (mut near, mut far) = duplex(1024);
        far.write_all(&header(1, 0x11, &tcp4())).await.unwrap();
        far.write_all(b"EHLO").await.unwrap();
        assert!(read_header(&mut near).await.unwrap().is_some());
        let mut next = [0; 4];
        near.read_exact(&mut next).await.unwrap();
        assert_eq!(&next, b"EHLO");
    }

    #[tokio::test(start_paused = true)]
    async fn smtp_14_a_header_that_never_comes_is_not_waited_for() {
        let (mut near, mut far) = duplex(1024);
        far.write_all(&SIGNATURE).await.unwrap();
        assert_eq!(read_header(&mut near).await, Err(ProxyError::TimedOut));
        drop(far);
        assert_eq!(read_header(&mut near).await, Err(ProxyError::Incomplete));
    }

    proptest! {
        #[test]
        fn smtp_14_no_octets_make_it_panic(
            octets in proptest::collection::vec(any::<u8>(), 0..300),
            command in 0u8..=0x1f,
            family: u8,
            kept in 0usize..320,
        ) {
            let _ = parse(&octets);
            let whole = header(command, family, &octets);
            let _ = parse(whole.get(..kept).unwrap_or(&whole));
        }
    }
}
