//! A sender's logo: nothing of it is fetched or believed on a message's way.

use std::io::ErrorKind;
use std::net::TcpListener;

use crate::common::{Authority, Dialogue, Dns, NextHop, Node, Record, Settings, tenant};

#[test]
fn aut_13_a_logo_is_never_fetched_and_a_claimed_one_is_taken_out() {
    let web = TcpListener::bind("127.0.0.1:0").unwrap();
    web.set_nonblocking(true).unwrap();
    let at = format!("http://{}", web.local_addr().unwrap());
    let logo: &'static str = format!("v=BIMI1; l={at}/logo.svg; a={at}/vmc.pem").leak();
    let dns = Dns::start(&[
        ("brand.example", Record::Txt("v=spf1 ip4:127.0.0.1 -all")),
        ("_dmarc.brand.example", Record::Txt("v=DMARC1; p=reject")),
        ("default._bimi.brand.example", Record::Txt(logo)),
    ]);
    let home = NextHop::start();
    let settings = Settings::default().with("dns.servers", dns.setting());
    let node = Node::start(&Authority::new("Example"), &settings);
    node.apply(&tenant("contoso", "contoso.example", &home.smart_host()));
    let content = format!(
        "BIMI-Location: v=BIMI1; l={at}/logo.svg\r\nBIMI-Indicator: PHN2Zy8+\r\n\
         BIMI-Selector: v=BIMI1; s=default\r\n\
         From: <news@brand.example>\r\nTo: <ann@contoso.example>\r\nSubject: Lunch\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@brand.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/html\r\n\r\n<p>Lunch?</p><img src=\"{at}/pixel.png\">\r\n\
         --b\r\nContent-Type: image/svg+xml; name=logo.svg\r\n\r\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"{at}/inner.png\"/></svg>\r\n\
         --b--\r\n"
    );
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.brand.example");
    let answer = session.send_message("news@brand.example", "ann@contoso.example", &content);
    assert_eq!(answer.code, 250, "{answer}");
    let text = home.wait_for(1).pop().unwrap().text();
    assert!(text.contains("dmarc=pass"), "{text}");
    assert!(text.contains("BIMI-Selector:"), "{text}");
    assert!(!text.contains("BIMI-Location") && !text.contains("BIMI-Indicator"), "{text}");
    let nobody = web.accept().unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock, "something was fetched");
}
