//! Fuzz targets: HTML as a body and as an attachment, links, pictures and PDF files that may hold
//! codes. A few thousand inputs in `make test`, ten minutes in `make soak`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

#[path = "../../../../tests/fuzz/harness.rs"]
mod harness;

use std::io::Cursor;
use std::time::Duration;

use harness::{Target, fuzz, trait_of};
use posthouse_content::{AsfFacts, CodeLimits, Content, ContentContext, Protected, html, measure};
use posthouse_mime::{Body, Part, Reading};
use posthouse_types::Language;

/// Longest time for one input of at most 200 KiB, unoptimised.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Links of one message that are kept at most.
const URLS_MAX: usize = 3000;

fn part(media_type: &str, octets: &[u8], is_attachment: bool) -> Part {
    let text =
        media_type.starts_with("text/").then(|| String::from_utf8_lossy(octets).into_owned());
    Part {
        media_type: media_type.to_owned(),
        names: if is_attachment { vec!["a.html".to_owned()] } else { Vec::new() },
        is_attachment,
        bodies: vec![Body { bytes: octets.to_vec(), text }],
        ..Part::default()
    }
}

/// What holds of every measurement; gives its trait.
fn look_at(parts: Vec<Part>) -> u64 {
    let protected =
        Protected::new([("Erika Mustermann", "erika@contoso.com")], ["contoso.com"], ["b.example"]);
    let context = ContentContext {
        protected: &protected,
        has_corresponded: None,
        asf: AsfFacts::default(),
        codes: CodeLimits::default(),
    };
    let reading = Reading { parts, is_complete: true, ..Reading::default() };
    let Content { findings, urls, asf, .. } = measure(&reading, &context);
    assert!(urls.len() <= URLS_MAX, "{} links", urls.len());
    for finding in &findings {
        assert!(finding.weight().is_finite());
        assert!(!finding.sentence(Language::English).contains(['\r', '\n', '\0']));
    }
    let mut kinds: Vec<_> = findings.iter().map(|finding| finding.kind.id).collect();
    kinds.dedup();
    trait_of((kinds, urls.len().min(8), asf.len()))
}

#[test]
fn fuzz_html() {
    let seeds = [
        "<style>.a{color:#fff;font-size:0}#b>i{display:none}</style><p class=a>x<p id=b><i>y</i>",
        "<a href='https://www.paypal.com@evil.example/%2e?u=http://c.example' title=x>paypal.com</a>",
        "<base href=//b.example><form action=\"j&#x61;v&Tab;ascript:x\"><input type=password>",
        "<table><tr><td bgcolor=#000 width=4><td bgcolor=white><tr><td bgcolor='rgb(0,0,0)'></table>",
        "<!--[if mso]><a href=http://0x7f.1/>x<![endif]--><script>location='x'</script><img src=data:,x>",
        "<meta http-equiv=refresh content='0;url=http://xn--e1awd7f.example'><svg><title>a</svg>",
        "<div style='background:#ffffff;color:rgba(255,255,255,1)'>a<b style=opacity:0>c</div>",
    ];
    fuzz(Target {
        name: "content-html",
        seeds: seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
        time_max: TIME_MAX,
        run: &|octets| {
            let text = String::from_utf8_lossy(octets);
            let page = html::read(&text);
            // Row RX-01: one pass, and what broken quotes cost at most.
            assert!(page.steps <= 4 * text.len() + 16, "{} of {}", page.steps, text.len());
            let body = look_at(vec![part("text/html", octets, false)]);
            let attached = look_at(vec![part("text/html", octets, true)]);
            trait_of((body, attached, page.links.len().min(6), page.counts.forms.min(3)))
        },
    });
}

#[test]
fn url_01_fuzz_text_and_links() {
    let seeds = [
        "see https:\\\\evil.example\\x and http://a@b@c:99/%00?q=https%3A%2F%2Fd.example#e\n",
        "hxxp://evil[.]example www.paypal.com. <https://p\u{430}ypal.com/> (mailto:a@b.example)\n",
        "\u{202e}moc.elpmaxe\u{200b} http://3221226017 http://[::1]/ http://0300.0.2.1 xn--a xn--\n",
        "password: 4711 \u{2588}\u{2580}\u{2584} verify your account 1BoatSLRHtKNngkdXEeobR76b53LETtpyT\n",
    ];
    fuzz(Target {
        name: "content-text",
        seeds: seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
        time_max: TIME_MAX,
        run: &|octets| {
            let calendar = part("text/calendar", octets, false);
            look_at(vec![part("text/plain", octets, false), calendar])
        },
    });
}

#[test]
fn qr_01_fuzz_pictures_and_pdf_files() {
    let code = qrcode::QrCode::new("https://evil.example/login").unwrap();
    let side = code.width() + 8;
    let colors = code.to_colors();
    let picture = image::GrayImage::from_fn(side as u32 * 2, side as u32 * 2, |x, y| {
        let at = |value: u32| (value as usize / 2).wrapping_sub(4);
        let is_inside = at(x) < code.width() && at(y) < code.width();
        let is_dark = is_inside && colors[at(y) * code.width() + at(x)] == qrcode::Color::Dark;
        image::Luma([if is_dark { 0 } else { 255 }])
    });
    let mut seeds = Vec::new();
    for format in [
        image::ImageFormat::Png,
        image::ImageFormat::Gif,
        image::ImageFormat::Bmp,
        image::ImageFormat::Jpeg,
        image::ImageFormat::WebP,
    ] {
        let mut out = Cursor::new(Vec::new());
        let rgb = image::DynamicImage::ImageLuma8(picture.clone()).to_rgb8();
        rgb.write_to(&mut out, format).unwrap();
        seeds.push(out.into_inner());
    }
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, picture.as_raw()).unwrap();
    let packed = packed.finish().unwrap();
    let width = picture.width();
    let head = format!(
        "%PDF-1.5\n5 0 obj\n<</Type/XObject/Subtype/Image/Width {width}/Height {width}\
         /BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode/Length {}>>\nstream\n",
        packed.len()
    );
    seeds.push([head.as_bytes(), &packed, b"\nendstream\nendobj\n%%EOF\n"].concat());
    fuzz(Target {
        name: "content-pictures",
        seeds,
        time_max: TIME_MAX,
        run: &|octets| look_at(vec![part("application/octet-stream", octets, true)]),
    });
}

#[test]
fn url_01_fuzz_links_of_pdf_files() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, b"4 0 <</URI(https://c.example/)>>").unwrap();
    let packed = packed.finish().unwrap();
    let stream = |data: &[u8]| {
        let head = b"%PDF-1.5\n3 0 obj<</Type/ObjStm/Filter/FlateDecode>>stream\r\n";
        [head, data, b"\nendstream endobj\n"].concat()
    };
    let seeds = vec![
        b"%PDF-1.7\n1 0 obj<</Subtype/Link/A<</S/URI/#55RI(https://a.example/\\(\\050\\\r\n)>>>>"
            .to_vec(),
        b"%PDF-1.7\n2 0 obj<</URI<68747470733a2f2f6227>/F<</FS/URL/F(http://b.example)>>>>"
            .to_vec(),
        b"%PDF-1.7\n5 0 obj<</URI(\\376\\377\\000h\\000t)/URI(http://(x)y)>>endobj".to_vec(),
        stream(&packed),
        stream(b"4 0 <</URI(https://c.example/)>>"),
    ];
    fuzz(Target {
        name: "content-pdf-links",
        seeds,
        time_max: TIME_MAX,
        run: &|octets| look_at(vec![part("application/pdf", octets, true)]),
    });
}
