//! Row QR-01 of the attack list, on codes drawn here.

use std::io::Write;

use posthouse_mime::{Body, Part};
use qrcode::{Color, EcLevel, QrCode};

use super::*;

const LINK: &str = "https://evil.example/login";

fn modules(text: &str) -> Vec<Vec<bool>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
    let width = code.width();
    let colors = code.to_colors();
    colors.chunks(width).map(|row| row.iter().map(|it| *it == Color::Dark).collect()).collect()
}

/// The code as grey values: `size` pixels a module, with a border of four.
fn picture(text: &str, size: usize, dark: u8, light: u8) -> image::GrayImage {
    let modules = modules(text);
    let side = (modules.len() + 8) * size;
    image::GrayImage::from_fn(side as u32, side as u32, |x, y| {
        let at = |value: u32| (value as usize / size).wrapping_sub(4);
        let is_dark = modules.get(at(y)).and_then(|row| row.get(at(x))).copied().unwrap_or(false);
        image::Luma([if is_dark { dark } else { light }])
    })
}

fn file(image: &image::GrayImage, format: image::ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let rgb = image::DynamicImage::ImageLuma8(image.clone()).to_rgb8();
    rgb.write_to(&mut out, format).unwrap();
    out.into_inner()
}

use std::io::Cursor;

fn reading(bytes: Vec<u8>, media_type: &str) -> Reading {
    let text = media_type.starts_with("text/").then(|| String::from_utf8(bytes.clone()).unwrap());
    let part = Part {
        media_type: media_type.into(),
        names: vec!["a.bin".into()],
        bodies: vec![Body { bytes, text }],
        ..Part::default()
    };
    Reading { parts: vec![part], is_complete: true, ..Reading::default() }
}

fn found(reading: &Reading) -> Vec<String> {
    let mut gathered = Gathered::from(reading);
    let findings = findings(reading, &mut gathered, &CodeLimits::default());
    findings
        .iter()
        .map(|it| format!("{} {:?}", it.kind.id, it.arguments.last().unwrap().1))
        .collect()
}

#[test]
fn qr_01_codes_in_every_kind_of_picture_are_read() {
    use image::ImageFormat::{Bmp, Gif, Jpeg, Png, WebP};
    for format in [Png, Jpeg, Gif, Bmp, WebP] {
        let bytes = file(&picture(LINK, 4, 0, 255), format);
        assert_eq!(found(&reading(bytes, "image/x")), ["qr-link \"evil.example\""], "{format:?}");
    }
}

#[test]
fn qr_01_inverted_pale_tiny_and_big_codes_are_read() {
    for (size, dark, light) in [
        (4, 255, 0),
        (4, 120, 150),
        (4, 200, 255),
        (4, 30, 60),
        (1, 0, 255),
        (2, 0, 255),
        (40, 0, 255),
    ] {
        let bytes = file(&picture(LINK, size, dark, light), image::ImageFormat::Png);
        assert_eq!(
            found(&reading(bytes, "image/png")),
            ["qr-link \"evil.example\""],
            "{size} {dark} {light}"
        );
    }
}

#[test]
fn qr_01_several_codes_in_one_picture_are_all_read() {
    let (one, two) = (picture(LINK, 4, 0, 255), picture("https://b.example/2", 4, 0, 255));
    let mut both = image::GrayImage::from_pixel(
        one.width() + two.width() + 40,
        one.height() + 20,
        image::Luma([255]),
    );
    image::imageops::overlay(&mut both, &one, 0, 0);
    image::imageops::overlay(&mut both, &two, i64::from(one.width()) + 40, 10);
    let mut all = found(&reading(file(&both, image::ImageFormat::Png), "image/png"));
    all.sort();
    assert_eq!(all, ["qr-link \"b.example\"", "qr-link \"evil.example\""]);
}

#[test]
fn qr_01_a_transparent_ground_is_white() {
    let grey = picture(LINK, 4, 0, 255);
    let image = image::RgbaImage::from_fn(grey.width(), grey.height(), |x, y| {
        image::Rgba([0, 0, 0, 255 - grey.get_pixel(x, y).0[0]])
    });
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, image::ImageFormat::Png).unwrap();
    assert_eq!(found(&reading(out.into_inner(), "image/png")).len(), 1);
}

fn pdf(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut out = b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog >>\nendobj\n5 0 obj\n<< /Type /XObject /Subtype /Image ".to_vec();
    write!(out, "{dictionary} /Length {} >>\nstream\n", data.len()).unwrap();
    out.extend_from_slice(data);
    out.extend_from_slice(b"\nendstream\nendobj\n%%EOF\n");
    out
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn qr_01_codes_in_pictures_of_a_pdf_are_read() {
    let grey = picture(LINK, 4, 0, 255);
    let (width, height) = (grey.width(), grey.height());
    let size = format!("/Width {width} /Height {height}");
    let rgb: Vec<u8> = grey.as_raw().iter().flat_map(|value| [*value; 3]).collect();
    let ups: Vec<u8> = (0..height as usize)
        .flat_map(|y| {
            let row =
                |y: usize| grey.as_raw()[y * width as usize..(y + 1) * width as usize].to_vec();
            let above = if y == 0 { vec![0; width as usize] } else { row(y - 1) };
            let row = row(y).into_iter().zip(above).map(|(value, above)| value.wrapping_sub(above));
            std::iter::once(2).chain(row).collect::<Vec<u8>>()
        })
        .collect();
    let bits: Vec<u8> = grey
        .as_raw()
        .chunks(width as usize)
        .flat_map(|row| {
            let bytes = row.chunks(8).map(|eight| {
                let set = eight.iter().enumerate().map(|(at, value)| (value >> 7) << (7 - at));
                set.fold(0, |byte, bit| byte | bit)
            });
            bytes.collect::<Vec<u8>>()
        })
        .collect();
    for (dictionary, data) in [
        (format!("{size} /Filter /DCTDecode"), file(&grey, image::ImageFormat::Jpeg)),
        (
            format!("{size} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"),
            deflated(grey.as_raw()),
        ),
        (
            format!("{size} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter [/FlateDecode]"),
            deflated(&rgb),
        ),
        (
            format!(
                "{size} /ColorSpace [/ICCBased 7 0 R] /BitsPerComponent 8 /Filter /FlateDecode"
            ),
            deflated(&rgb),
        ),
        (
            format!("{size} /ImageMask true /BitsPerComponent 1 /Filter /FlateDecode"),
            deflated(&bits),
        ),
        (
            format!(
                "{size} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns {width} >>"
            ),
            deflated(&ups),
        ),
    ] {
        let all = found(&reading(pdf(&dictionary, &data), "application/pdf"));
        assert_eq!(all, ["qr-link \"evil.example\""], "{dictionary}");
    }
}

#[test]
fn qr_01_codes_of_block_characters_are_read() {
    let modules = modules(LINK);
    let full: String = modules
        .iter()
        .map(|row| {
            row.iter().map(|dark| if *dark { "██" } else { "  " }).collect::<String>() + "\n"
        })
        .collect();
    let turned: String = modules
        .iter()
        .map(|row| {
            row.iter().map(|dark| if *dark { "  " } else { "██" }).collect::<String>() + "\n"
        })
        .collect();
    let halves: String = modules
        .chunks(2)
        .map(|pair| {
            let lower = |x: usize| pair.get(1).is_some_and(|row| row[x]);
            let row = pair[0].iter().enumerate().map(|(x, upper)| match (*upper, lower(x)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
            row.collect::<String>() + "\n"
        })
        .collect();
    for text in [full, turned, halves] {
        let mail = format!("Scan this:\n\n{text}\nThanks\n");
        assert_eq!(
            found(&reading(mail.into_bytes(), "text/plain")),
            ["qr-drawn \"evil.example\""],
            "\n{text}"
        );
    }
}

#[test]
fn qr_01_codes_of_table_cells_are_read() {
    let cell =
        |dark: &bool| if *dark { "<td bgcolor=#000>" } else { "<td style='background:#fff'>" };
    let rows = modules(LINK)
        .iter()
        .map(|row| format!("<tr>{}</tr>", row.iter().map(cell).collect::<String>()))
        .collect::<String>();
    let page = format!("<p>Scan</p><table cellspacing=0>{rows}</table>");
    let mut reading = reading(page.into_bytes(), "text/html");
    reading.parts[0].names.clear();
    assert_eq!(found(&reading), ["qr-drawn \"evil.example\""]);
}

#[test]
fn qr_01_a_code_in_a_data_link_is_read() {
    let bytes = file(&picture(LINK, 1, 0, 255), image::ImageFormat::Png);
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text: String = bytes
        .chunks(3)
        .flat_map(|three| {
            let bits = three
                .iter()
                .enumerate()
                .fold(0_u32, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
            (0..4).map(move |at| char::from(alphabet[(bits >> (18 - 6 * at)) as usize & 63]))
        })
        .collect();
    let page = format!("<img src=\"data:image/png;base64,{text}\">");
    let mut reading = reading(page.into_bytes(), "text/html");
    reading.parts[0].names.clear();
    assert_eq!(found(&reading), ["qr-link \"evil.example\""]);
}

#[test]
fn qr_01_what_is_no_link_is_only_said() {
    let bytes = file(&picture("WIFI:S:home;;", 4, 0, 255), image::ImageFormat::Png);
    assert_eq!(found(&reading(bytes, "image/png")), ["qr-other \"WIFI:S:home;;\""]);
}

#[test]
fn qr_01_a_picture_full_of_marks_is_given_up_and_said() {
    // One finder pattern beside another: a decoder would compare all with all.
    let image = image::GrayImage::from_fn(720, 720, |x, y| {
        let (x, y) = (x % 9, y % 9);
        let ring = |low: u32, high: u32| (low..=high).contains(&x) && (low..=high).contains(&y);
        let is_dark = ring(1, 7) && (!ring(2, 6) || ring(3, 5));
        image::Luma([if is_dark { 0 } else { 255 }])
    });
    let reading = reading(file(&image, image::ImageFormat::Png), "image/png");
    let all = found(&reading);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].starts_with("image-limit"), "{all:?}");
}

#[test]
fn qr_01_the_budget_ends_the_search_and_says_so() {
    let picture = file(&picture(LINK, 4, 0, 255), image::ImageFormat::Png);
    let mut reading = reading(picture.clone(), "image/png");
    for _ in 0..40 {
        let part = reading.parts[0].clone();
        reading.parts.push(part);
    }
    let limits = CodeLimits { pictures_max: 5, ..CodeLimits::default() };
    let mut gathered = Gathered::from(&reading);
    let all = findings(&reading, &mut gathered, &limits);
    assert_eq!(all.iter().filter(|it| it.kind.id == "qr-link").count(), 5);
    assert_eq!(all.last().unwrap().kind.id, "image-limit");
    // Claims to be huge: never opened.
    let mut huge = picture;
    huge[16..24].copy_from_slice(&[0, 0, 0x1f, 0, 0, 0, 0x1f, 0]);
    let part = Part {
        media_type: "image/png".into(),
        bodies: vec![Body { bytes: huge, text: None }],
        ..Part::default()
    };
    let reading = Reading { parts: vec![part], is_complete: true, ..Reading::default() };
    let mut gathered = Gathered::from(&reading);
    let all = findings(&reading, &mut gathered, &CodeLimits::default());
    assert!(all.iter().all(|it| it.kind.id != "qr-link"));
}
