//! Pictures that speak instead of the text.
//!
//! Touches nothing. What a picture says is not read; that it has to say it is told.

use posthouse_types::Finding;

use crate::gather::Gathered;
use crate::html::head;
use crate::kinds;
use crate::links::Heaviest;

/// A message with less text says nothing itself, in characters.
const TEXT_CHARACTERS_MIN: usize = 60;
/// A picture behind more text than this does not begin the message.
const PICTURE_FIRST_BYTES_MAX: usize = 20;
/// A drawing that is smaller is a logo or a smiley, in pixels: three words do not fit into it.
const DRAWING_PIXELS_MIN: (u16, u16) = (300, 150);

/// All findings about pictures.
pub(crate) fn findings(gathered: &Gathered, found: &mut Heaviest) {
    first(gathered, found);
    drawn(gathered, found);
    only(gathered, found);
}

/// What is said is drawn: a picture of the message's own stands before any text. A company's
/// banner does too, above text with links; where the picture is the only link, or there is none,
/// nothing but the picture speaks.
fn first(gathered: &Gathered, found: &mut Heaviest) {
    for page in &gathered.pages {
        let mut seen = page.pictures.iter().filter(|picture| !picture.is_web_bug);
        let first = seen.next().filter(|picture| {
            head(&picture.source, 4).eq_ignore_ascii_case("cid:")
                && picture.text_before_bytes < PICTURE_FIRST_BYTES_MAX
        });
        let Some(first) = first else { continue };
        let speaks_alone = page.links.len() <= usize::from(first.is_linked);
        let finding = Finding::of(&kinds::PICTURE_FIRST);
        let grade = if speaks_alone { 1.3 } else { 0.7 };
        let weight = finding.weight() * grade;
        found.add(finding.weighing(weight));
    }
}

/// A large GIF that the message brings along and shows. It has 256 colours: nobody sends a
/// photograph so, and screenshots are PNG; text that is to escape filters is drawn so.
fn drawn(gathered: &Gathered, found: &mut Heaviest) {
    let Some((width, height)) = gathered.drawing else { return };
    let mut sources = gathered.pages.iter().flat_map(|page| &page.pictures);
    if sources.any(|picture| head(&picture.source, 4).eq_ignore_ascii_case("cid:")) {
        let size = format!("{width} × {height}");
        found.add(Finding::of(&kinds::PICTURE_DRAWN).with("size", &size));
    }
}

/// Width and height of a GIF that is large enough to hold a text (GIF89a, section 18).
pub(crate) fn drawing(bytes: &[u8]) -> Option<(u16, u16)> {
    let [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', w0, w1, h0, h1, ..] = *bytes else {
        return None;
    };
    let size = (u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1]));
    (size.0 >= DRAWING_PIXELS_MIN.0 && size.1 >= DRAWING_PIXELS_MIN.1).then_some(size)
}

fn only(gathered: &Gathered, found: &mut Heaviest) {
    let text = gathered.text.chars().filter(|c| c.is_alphanumeric()).take(TEXT_CHARACTERS_MIN);
    let has_picture =
        gathered.pages.iter().any(|page| page.pictures.iter().any(|picture| picture.is_linked));
    if has_picture && text.count() < TEXT_CHARACTERS_MIN {
        found.add(Finding::of(&kinds::IMAGE_ONLY));
    }
}
