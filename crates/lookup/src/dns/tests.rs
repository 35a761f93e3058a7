//! Questions to a stand-in for a name server, on loopback.

use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::proto::op::{Message, OpCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, TXT};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::*;

/// What the stand-in for a name server does with a question.
enum Reply {
    Records(Vec<(&'static str, RData)>),
    Code(ResponseCode),
    /// Over UDP only "too long, ask over TCP"; the records over TCP.
    OverTcp(Vec<(&'static str, RData)>),
    Nothing,
}

type Zone = fn(&str, RecordType) -> Reply;

fn answer(zone: Zone, packet: &[u8], over_tcp: bool) -> Option<Vec<u8>> {
    let query = Message::from_vec(packet).unwrap();
    let question = query.queries.first().unwrap().clone();
    let mut response = Message::response(query.metadata.id, OpCode::Query);
    response.metadata.recursion_available = true;
    response.add_query(question.clone());
    let name = question.name().to_ascii().to_ascii_lowercase();
    match zone(name.trim_end_matches('.'), question.query_type()) {
        Reply::Nothing => return None,
        Reply::Code(code) => response.metadata.response_code = code,
        Reply::OverTcp(_) if !over_tcp => response.metadata.truncation = true,
        Reply::Records(records) | Reply::OverTcp(records) => {
            response.add_answers(records.into_iter().map(|(owner, data)| {
                let owner = if owner == "@" { name.as_str() } else { owner };
                Record::from_rdata(fqdn(owner), 60, data)
            }));
        }
    }
    Some(response.to_vec().unwrap())
}

/// Serves a zone on loopback, over UDP and TCP, until the test's runtime ends.
async fn serve(zone: Zone) -> SocketAddr {
    let (listener, socket, address) = loop {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // The system's free TCP port is nearly always free over UDP too.
        if let Ok(socket) = UdpSocket::bind(address).await {
            break (listener, socket, address);
        }
    };
    tokio::spawn(async move {
        let mut packet = [0; 4096];
        loop {
            let (length, from) = socket.recv_from(&mut packet).await.unwrap();
            if let Some(bytes) = answer(zone, &packet[..length], false) {
                socket.send_to(&bytes, from).await.unwrap();
            }
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut packet = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut packet).await.unwrap();
            if let Some(bytes) = answer(zone, &packet, true) {
                stream.write_u16(u16::try_from(bytes.len()).unwrap()).await.unwrap();
                stream.write_all(&bytes).await.unwrap();
            }
        }
    });
    address
}

async fn asking(zone: Zone) -> Resolver {
    Resolver::with_servers(&[serve(zone).await])
}

fn fqdn(name: &str) -> Name {
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    name
}

fn domain(name: &str) -> Domain {
    Domain::from_normalized(name)
}

fn mx(preference: u16, host: &str) -> (&'static str, RData) {
    ("@", RData::MX(MX::new(preference, fqdn(host))))
}

fn a(address: &str) -> (&'static str, RData) {
    ("@", RData::A(A(address.parse().unwrap())))
}

fn hosts(answer: Answer<MailExchangers>) -> Vec<(u16, String)> {
    match answer {
        Answer::Found(MailExchangers::Hosts(hosts)) => {
            hosts.into_iter().map(|mx| (mx.preference, mx.host)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn mail_exchangers_come_best_first_and_each_once() {
    let resolver = asking(|_, _| {
        Reply::Records(vec![mx(20, "B.example"), mx(10, "a.example"), mx(30, "b.example")])
    })
    .await;
    let found = hosts(resolver.mx(&domain("contoso.example")).await);
    assert_eq!(found, [(10, "a.example".to_owned()), (20, "b.example".to_owned())]);
}

#[tokio::test]
async fn a_null_mx_is_told_apart_and_counts_only_alone() {
    let resolver = asking(|name, _| match name {
        "none.example" => Reply::Records(vec![mx(0, ".")]),
        _ => Reply::Records(vec![mx(0, "."), mx(10, "a.example")]),
    })
    .await;
    let none = resolver.mx(&domain("none.example")).await;
    assert_eq!(none, Answer::Found(MailExchangers::NullMx));
    let both = hosts(resolver.mx(&domain("both.example")).await);
    assert_eq!(both, [(10, "a.example".to_owned())]);
}

#[tokio::test]
async fn no_such_name_no_record_and_failure_are_three_facts() {
    let resolver = asking(|name, _| match name {
        "gone.example" => Reply::Code(ResponseCode::NXDomain),
        "empty.example" => Reply::Records(Vec::new()),
        "refused.example" => Reply::Code(ResponseCode::Refused),
        _ => Reply::Code(ResponseCode::ServFail),
    })
    .await;
    for (name, expected) in
        [("gone.example", Answer::NoSuchName), ("empty.example", Answer::NoRecords)]
    {
        assert_eq!(resolver.mx(&domain(name)).await, expected.clone().without_records());
        assert_eq!(resolver.addresses(name).await, expected.clone().without_records());
        assert_eq!(resolver.txt(name).await, expected);
    }
    for name in ["refused.example", "broken.example"] {
        for answer in [
            resolver.mx(&domain(name)).await.without_records(),
            resolver.addresses(name).await.without_records(),
            resolver.txt(name).await,
        ] {
            assert!(matches!(&answer, Answer::Failed(text) if text.contains(name)), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn flt_14_a_silent_name_server_is_a_fact_within_its_time() {
    let server = serve(|_, _| Reply::Nothing).await;
    let short = Duration::from_millis(50);
    let resolver = Resolver::with_servers_and_times(&[server], short, 4 * short);
    let answer = resolver.mx(&domain("slow.example")).await;
    assert!(matches!(&answer, Answer::Failed(text) if text.contains("slow.example")), "{answer:?}");
}

#[tokio::test]
async fn both_address_families_are_asked_and_one_is_enough() {
    let resolver = asking(|name, record_type| match (name, record_type) {
        ("two.example" | "four.example", RecordType::A) => Reply::Records(vec![a("192.0.2.1")]),
        ("two.example" | "six.example", RecordType::AAAA) => {
            Reply::Records(vec![("@", RData::AAAA(AAAA("2001:db8::1".parse().unwrap())))])
        }
        ("six.example", _) => Reply::Records(Vec::new()),
        (_, RecordType::AAAA) => Reply::Code(ResponseCode::ServFail),
        _ => Reply::Records(Vec::new()),
    })
    .await;
    let (four, six): (IpAddr, IpAddr) =
        ("192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
    assert_eq!(resolver.addresses("two.example").await, Answer::Found(vec![four, six]));
    assert_eq!(resolver.addresses("four.example").await, Answer::Found(vec![four]));
    assert_eq!(resolver.addresses("six.example").await, Answer::Found(vec![six]));
    // No A record, and nobody knows about AAAA: that is no reason to return the mail.
    assert!(matches!(resolver.addresses("half.example").await, Answer::Failed(_)));
}

#[tokio::test]
async fn an_alias_is_followed_to_its_addresses() {
    let resolver = asking(|_, record_type| match record_type {
        RecordType::A => Reply::Records(vec![
            ("@", RData::CNAME(CNAME(fqdn("real.example")))),
            ("real.example", RData::A(A(Ipv4Addr::new(192, 0, 2, 9)))),
        ]),
        _ => Reply::Records(Vec::new()),
    })
    .await;
    let found = resolver.addresses("alias.example").await;
    assert_eq!(found, Answer::Found(vec![Ipv4Addr::new(192, 0, 2, 9).into()]));
}

#[tokio::test]
async fn texts_are_joined_and_a_long_answer_is_fetched_over_tcp() {
    let resolver = asking(|_, _| {
        let long = vec!["v=posthouse; ".to_owned(), "x".repeat(255), "y".repeat(255)];
        Reply::OverTcp(vec![("@", RData::TXT(TXT::new(long)))])
    })
    .await;
    let expected = format!("v=posthouse; {}{}", "x".repeat(255), "y".repeat(255));
    assert_eq!(resolver.txt("contoso.example").await, Answer::Found(vec![expected]));
}

#[tokio::test]
async fn answers_are_cut_at_their_bounds() {
    let resolver = asking(|_, record_type| {
        Reply::OverTcp(
            (0..100u8)
                .map(|number| match record_type {
                    RecordType::MX => mx(u16::from(number), &format!("mx{number}.example")),
                    RecordType::A => a(&format!("192.0.2.{number}")),
                    _ => ("@", RData::TXT(TXT::new(vec![number.to_string()]))),
                })
                .collect(),
        )
    })
    .await;
    assert_eq!(hosts(resolver.mx(&domain("big.example")).await).len(), MX_MAX);
    assert_eq!(resolver.txt("big.example").await.found().unwrap().len(), TXT_RECORDS_MAX);
    // The hand-made zone answers AAAA with TXT records: they are passed over.
    assert_eq!(resolver.addresses("big.example").await.found().unwrap().len(), ADDRESSES_MAX);
}

#[tokio::test]
async fn an_answer_is_asked_for_once_while_it_is_fresh() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let resolver = asking(|_, _| {
        ASKED.fetch_add(1, Ordering::SeqCst);
        Reply::Records(vec![mx(10, "a.example")])
    })
    .await;
    for _ in 0..3 {
        resolver.clone().mx(&domain("contoso.example")).await;
    }
    assert_eq!(ASKED.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn addresses_and_localhost_are_answered_without_asking() {
    let resolver = Resolver::with_servers(&[]);
    assert!(!resolver.asks());
    let v4: IpAddr = "192.0.2.1".parse().unwrap();
    let v6: IpAddr = "2001:db8::1".parse().unwrap();
    for (host, address) in [
        ("192.0.2.1", v4),
        ("[192.0.2.1]", v4),
        ("2001:db8::1", v6),
        ("[IPv6:2001:db8::1]", v6),
        ("[ipv6:2001:db8::1]", v6),
    ] {
        assert_eq!(resolver.addresses(host).await, Answer::Found(vec![address]), "{host}");
    }
    for host in ["localhost", "LOCALHOST.", "a.localhost"] {
        let found = resolver.addresses(host).await.found().unwrap();
        assert!(found.iter().all(IpAddr::is_loopback), "{host}");
    }
    let found = hosts(resolver.mx(&domain("[192.0.2.1]")).await);
    assert_eq!(found, [(0, "192.0.2.1".to_owned())]);
}

#[tokio::test]
async fn without_dns_every_question_is_not_asked() {
    let resolver = Resolver::none();
    assert_eq!(resolver.mx(&domain("contoso.example")).await, Answer::NotAsked);
    assert_eq!(resolver.addresses("mail.contoso.example").await, Answer::NotAsked);
    assert_eq!(resolver.txt("contoso.example").await, Answer::NotAsked);
}

#[tokio::test]
async fn a_text_that_is_no_name_does_not_exist() {
    let resolver = asking(|_, _| Reply::Records(vec![a("192.0.2.1")])).await;
    let long = "a".repeat(64);
    for name in ["a..example", &long, "[IPv6:nonsense]"] {
        assert_eq!(resolver.addresses(name).await, Answer::NoSuchName, "{name}");
    }
}
