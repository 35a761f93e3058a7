//! One file over HTTP/1.1 (RFC 9110, RFC 9112): GET, on a stream that is there.
//!
//! May touch the stream that it is given, which may be TLS: whom it leads to, and whether that one
//! is to be believed, is the caller's affair. Follows no redirect, keeps no connection, and takes
//! no more octets than it was told to. Whatever goes wrong is a text for the operator.

use std::time::Duration;

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Status line and header fields of an answer: servers send one or two kilobytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status, as 200.
    pub status: u16,
    /// Content-Type in lower case without parameters, as `text/plain`; empty where there is none.
    pub content_type: String,
    /// Where a redirect leads, as the server wrote it; whether to go there is the caller's affair.
    pub location: Option<String>,
    /// The content.
    pub body: Vec<u8>,
}

/// Gets `path` from `host` over a stream, in no more than `within`.
///
/// # Errors
/// What went wrong, printable: the stream broke, the time was over, the answer is no HTTP, or its
/// content is longer than `body_bytes_max`.
pub async fn http_get<S>(
    mut stream: S,
    host: &str,
    path: &str,
    body_bytes_max: usize,
    within: Duration,
) -> Result<HttpAnswer, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = async {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: posthouse\r\nAccept: */*\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.map_err(|error| broke(&error))?;
        stream.flush().await.map_err(|error| broke(&error))?;
        read_answer(&mut stream, body_bytes_max).await
    };
    match tokio::time::timeout(within, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no whole answer within {} s", within.as_secs())),
    }
}

async fn read_answer(
    stream: &mut (impl AsyncRead + Unpin),
    body_bytes_max: usize,
) -> Result<HttpAnswer, String> {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > HEAD_BYTES_MAX {
            return Err("the answer's header is too long".to_owned());
        }
        if !read_more(stream, &mut bytes).await? {
            return Err("the server closed before it had answered".to_owned());
        }
    };
    let head = Head::parse(bytes.get(..head_length).unwrap_or_default())?;
    let mut body = bytes.split_off((head_length + 4).min(bytes.len()));
    // A chunk's size line adds to what is read, and no honest server makes tiny ones.
    let read_max = if head.chunked { body_bytes_max * 2 + 1024 } else { body_bytes_max };
    let wanted = head.content_length.unwrap_or(usize::MAX);
    loop {
        if head.chunked && find(&body, b"\r\n0\r\n").is_some() || body.starts_with(b"0\r\n") {
            break;
        }
        if !head.chunked && body.len() >= wanted {
            break;
        }
        if body.len() > read_max {
            break; // Said below.
        }
        if !read_more(stream, &mut body).await? {
            if head.content_length.is_some() || head.chunked {
                return Err("the server closed in the middle of its answer".to_owned());
            }
            break;
        }
    }
    let mut body = if head.chunked { dechunked(&body)? } else { body };
    body.truncate(wanted);
    if body.len() > body_bytes_max {
        return Err(format!("the answer is longer than {body_bytes_max} octets"));
    }
    let Head { status, content_type, location, .. } = head;
    Ok(HttpAnswer { status, content_type, location, body })
}

async fn read_more(
    stream: &mut (impl AsyncRead + Unpin),
    bytes: &mut Vec<u8>,
) -> Result<bool, String> {
    match stream.read_buf(bytes).await {
        Ok(count) => Ok(count > 0),
        // A TLS session that ends without saying so: what came is whole or is seen not to be.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(broke(&error)),
    }
}

/// What the header says about the body.
struct Head {
    status: u16,
    content_type: String,
    location: Option<String>,
    content_length: Option<usize>,
    chunked: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split(' ').nth(1))
            .and_then(|status| status.parse().ok())
            .ok_or("the answer is no HTTP/1")?;
        let mut head = Self {
            status,
            content_type: String::new(),
            location: None,
            content_length: None,
            chunked: false,
        };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-type" => {
                    let bare = value.split(';').next().unwrap_or_default().trim();
                    head.content_type = bare.to_ascii_lowercase();
                }
                "location" => head.location = Some(value.to_owned()),
                "content-length" => head.content_length = value.parse().ok(),
                "transfer-encoding" => head.chunked = value.eq_ignore_ascii_case("chunked"),
                _ => {}
            }
        }
        Ok(head)
    }
}

/// Takes the chunks apart (RFC 9112 section 7.1); what follows the last one is dropped.
fn dechunked(mut rest: &[u8]) -> Result<Vec<u8>, String> {
    let damaged = || "the answer's chunks are damaged".to_owned();
    let mut body = Vec::new();
    loop {
        let end = find(rest, b"\r\n").ok_or_else(damaged)?;
        let line = std::str::from_utf8(rest.get(..end).unwrap_or_default());
        let size = line.ok().and_then(|line| line.split(';').next()).map(str::trim);
        let size =
            size.and_then(|size| usize::from_str_radix(size, 16).ok()).ok_or_else(damaged)?;
        if size == 0 {
            return Ok(body);
        }
        let start = end + 2;
        let stop = start.checked_add(size).ok_or_else(damaged)?;
        body.extend_from_slice(rest.get(start..stop).ok_or_else(damaged)?);
        rest = rest.get(stop..).and_then(|rest| rest.strip_prefix(b"\r\n")).ok_or_else(damaged)?;
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn broke(error: &std::io::Error) -> String {
    format!("the connection failed: {}", printable(&error.to_string(), SHOWN_CHARACTERS_MAX))
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    async fn answer_to(server: &[u8]) -> Result<HttpAnswer, String> {
        let (near, mut far) = duplex(64 * 1024);
        far.write_all(server).await.unwrap();
        far.shutdown().await.unwrap();
        http_get(near, "host.example", "/file", 100, Duration::from_secs(5)).await
    }

    #[tokio::test]
    async fn a_body_comes_by_length_by_chunks_or_by_the_end() {
        for (head, body) in [
            ("Content-Length: 5\r\nContent-Type: Text/Plain; charset=utf-8", "hello, and more"),
            ("Content-Type: text/plain", "hello"),
            (
                "content-type: text/plain\r\nTransfer-Encoding: chunked",
                "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            ),
        ] {
            let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
            let answer = answer_to(answer.as_bytes()).await.unwrap();
            assert_eq!((answer.status, answer.content_type.as_str()), (200, "text/plain"));
            assert_eq!(answer.body, b"hello", "{head}");
        }
    }

    #[tokio::test]
    async fn no_server_makes_us_take_more_than_the_bound() {
        let long = "x".repeat(101);
        for head in ["", "Content-Length: 101\r\n"] {
            let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n{long}");
            let error = answer_to(answer.as_bytes()).await.unwrap_err();
            assert!(error.contains("longer than 100"), "{error}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(40 * 1024));
        assert!(answer_to(endless.as_bytes()).await.unwrap_err().contains("header"));
    }

    #[tokio::test]
    async fn what_is_cut_off_or_no_http_is_an_error() {
        for answer in [
            "220 mail.example ESMTP\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx\r\n0\r\n\r\n",
            "",
        ] {
            assert!(answer_to(answer.as_bytes()).await.is_err(), "{answer}");
        }
    }
}
