//! Against a daemon of our own on loopback that fails in every way there is.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::*;

/// What the false daemon does with one connection.
#[derive(Clone, Copy)]
enum Does {
    /// Reads the message, then says this and closes.
    Says(&'static [u8]),
    /// Says this at once, before it has read anything, and closes.
    SaysAtOnce(&'static [u8]),
    /// Reads, and says this, and keeps the connection.
    Hangs(&'static [u8]),
    /// Does not even read.
    Ignores,
}

async fn daemon(does: Does) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            match does {
                Does::Says(reply) => {
                    received(&mut stream).await;
                    stream.write_all(reply).await.unwrap();
                }
                Does::SaysAtOnce(reply) => stream.write_all(reply).await.unwrap(),
                Does::Hangs(reply) => {
                    received(&mut stream).await;
                    stream.write_all(reply).await.unwrap();
                    kept.push(stream);
                }
                Does::Ignores => kept.push(stream),
            }
        }
    });
    address
}

/// Reads one INSTREAM and gives back what was streamed.
async fn received(stream: &mut TcpStream) -> Vec<u8> {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"zINSTREAM\0");
    let mut message = Vec::new();
    loop {
        let length = stream.read_u32().await.unwrap() as usize;
        if length == 0 {
            return message;
        }
        assert!(length <= CHUNK_BYTES);
        let start = message.len();
        message.resize(start + length, 0);
        stream.read_exact(&mut message[start..]).await.unwrap();
    }
}

fn limits() -> ClamdLimits {
    let short = Duration::from_millis(200);
    ClamdLimits {
        connect_time_max: short,
        write_time_max: short,
        answer_time_max: short,
        total_time_max: Duration::from_secs(5),
        ..ClamdLimits::default()
    }
}

async fn scanned(does: Does, message: &[u8]) -> EngineFact {
    Clamd::new(ClamdAt::Tcp(daemon(does).await), limits()).scan(message).await
}

#[tokio::test]
async fn clean_and_infected_are_told_apart() {
    let long = vec![b'x'; 3 * CHUNK_BYTES + 7];
    assert_eq!(scanned(Does::Says(b"stream: OK\0"), &long).await, EngineFact::Clean);
    assert_eq!(scanned(Does::Says(b"stream: OK\0"), b"").await, EngineFact::Clean);
    let infected = scanned(Does::Says(b"stream: Own.Test-1 FOUND\0"), b"x").await;
    assert_eq!(infected, EngineFact::Infected("Own.Test-1".to_owned()));
}

#[tokio::test]
async fn av_02_every_failure_is_failed_and_never_clean() {
    let failures: &[Does] = &[
        Does::Says(b""),
        Does::Says(b"stream: OK"),
        Does::Says(b"stream: O"),
        Does::Says(b"stream: Own.Test-1 FOU\0"),
        Does::Says(b"stream:  FOUND\0"),
        Does::Says(b"OK\0"),
        Does::Says(b"stream: OK FOUND? no\0"),
        Does::Says(b"stream: Can't allocate memory ERROR\0"),
        Does::Says(b"INSTREAM size limit exceeded. ERROR\0"),
        Does::Says(b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0"),
        Does::Says(b"UNKNOWN COMMAND\0"),
        Does::Says(b"HTTP/1.1 400 Bad Request\r\n\r\n\0"),
        Does::Says(b"\xff\xfe\0"),
        Does::Says(b"\0"),
        Does::Hangs(b""),
        Does::Hangs(b"stream: OK"),
        Does::SaysAtOnce(b"COMMAND READ TIMED OUT\0"),
    ];
    for (number, does) in failures.iter().enumerate() {
        let fact = scanned(*does, &[0; 100]).await;
        assert!(fact.failure().is_some(), "{number}: {fact:?}");
    }
}

#[tokio::test]
async fn av_02_a_daemon_that_is_not_there_or_reads_nothing_has_failed() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let fact = Clamd::new(ClamdAt::Tcp(address), limits()).scan(b"x").await;
    assert!(fact.failure().unwrap().contains("cannot connect"), "{fact:?}");
    let nowhere = ClamdAt::Unix("/nonexistent/clamd.sock".into());
    assert!(Clamd::new(nowhere, limits()).scan(b"x").await.failure().is_some());
    // More than the sockets' buffers take.
    let fact = scanned(Does::Ignores, &vec![0; 32 * 1024 * 1024]).await;
    assert!(fact.failure().is_some(), "{fact:?}");
}

#[tokio::test]
async fn av_02_a_reply_without_end_is_cut() {
    static LONG: [u8; 64 * 1024] = [b'x'; 64 * 1024];
    let fact = scanned(Does::Says(&LONG), b"x").await;
    assert!(fact.failure().is_some(), "{fact:?}");
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_sent() {
    let small = ClamdLimits { message_bytes_max: 10, ..limits() };
    let clamd = Clamd::new(ClamdAt::Tcp(daemon(Does::Says(b"stream: OK\0")).await), small);
    assert!(clamd.scan(&[0; 11]).await.failure().unwrap().contains("longer"));
    assert_eq!(clamd.scan(&[0; 10]).await, EngineFact::Clean);
}

#[tokio::test]
async fn waiting_for_a_free_connection_ends_too() {
    let one = ClamdLimits {
        connections_max: 1,
        answer_time_max: Duration::from_secs(60),
        total_time_max: Duration::from_millis(300),
        ..limits()
    };
    let clamd = Clamd::new(ClamdAt::Tcp(daemon(Does::Hangs(b"")).await), one);
    let (first, second) = tokio::join!(clamd.scan(b"a"), clamd.scan(b"b"));
    assert!(first.failure().is_some() && second.failure().is_some());
}

/// A daemon that finds marks, ends streams at one length, and looks into none above another.
async fn limited(ends_at: usize, skips_at: usize, mark: &'static [u8]) -> Clamd {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let message = received(&mut stream).await;
            let reply: &[u8] = match message.len() {
                length if length > ends_at => b"INSTREAM size limit exceeded. ERROR\0",
                length if length > skips_at => b"stream: OK\0",
                _ if message.starts_with(mark) => b"stream: Own.Mark FOUND\0",
                _ => b"stream: OK\0",
            };
            stream.write_all(reply).await.unwrap();
        }
    });
    Clamd::new(ClamdAt::Tcp(address), limits())
}

#[tokio::test]
async fn av_01_limits_below_the_longest_message_are_found_by_streaming_one() {
    const MIB: usize = 1024 * 1024;
    let reach = async |clamd: Clamd| clamd.reach(b"mark", 3 * MIB as u64).await;
    let (less, more) = (2 * MIB, 3 * MIB);
    assert_eq!(reach(limited(more, more, b"mark").await).await, Ok(ClamdReach::Looks));
    assert_eq!(reach(limited(more, less, b"mark").await).await, Ok(ClamdReach::Skips));
    let ends = reach(limited(less, less, b"mark").await).await.unwrap();
    assert!(matches!(&ends, ClamdReach::Ends(said) if said.contains("size limit")), "{ends:?}");
    assert_eq!(reach(limited(more, more, b"other").await).await, Ok(ClamdReach::Takes));
    let closed = Clamd::new(ClamdAt::Tcp(daemon(Does::Says(b"")).await), limits());
    assert!(reach(closed).await.is_err());
}

#[test]
fn addresses_and_paths_are_read() {
    assert!(matches!("127.0.0.1:3310".parse(), Ok(ClamdAt::Tcp(_))));
    assert!(matches!("tcp:[::1]:3310".parse(), Ok(ClamdAt::Tcp(_))));
    assert!(matches!("unix:/run/clamav/clamd.ctl".parse(), Ok(ClamdAt::Unix(_))));
    assert!("clamd.example".parse::<ClamdAt>().is_err());
}

#[test]
fn versions_are_read() {
    let found = version("ClamAV 1.4.3/27450/Mon Nov 23 08:26:41 2026").unwrap();
    assert_eq!((found.signatures, found.program.as_str()), (Some(27450), "ClamAV 1.4.3"));
    assert_eq!(version("ClamAV 1.4.3").unwrap().signatures, None);
    assert!(version("220 mail.example").is_err());
}
