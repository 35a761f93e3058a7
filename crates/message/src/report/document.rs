//! The part for people as a list of blocks, and its two renderings, plain text and HTML.
//! Pure. Whatever stands in a block is text: the HTML rendering escapes it, and loads nothing.

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// What the report is about.
    Title(String),
    /// One sentence or more.
    Text(String),
    /// A recipient's address.
    Recipient(String),
    /// A short label, and what it labels.
    Labelled(&'static str, String),
    /// Lines that are somebody else's words.
    Quote(Vec<String>),
    /// The heading of the diagnostic part.
    Heading(&'static str),
    /// Lines whose form programs and administrators know.
    Lines(Vec<String>),
    /// Between two languages.
    Rule,
}

/// Plain text, LF line ends.
pub(super) fn text(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Title(text) | Block::Text(text) | Block::Recipient(text) => {
                out.push_str(text);
                out.push_str("\n\n");
            }
            Block::Labelled(label, text) => out.push_str(&format!("{label} {text}\n\n")),
            Block::Quote(lines) => {
                for line in lines {
                    out.push_str(&format!("    {line}\n"));
                }
                out.push('\n');
            }
            Block::Heading(text) => out.push_str(&format!("\n{text}\n\n")),
            Block::Lines(lines) => {
                for line in lines {
                    out.push_str(line);
                    out.push('\n');
                }
                out.push('\n');
            }
            Block::Rule => out.push_str("________________________________\n\n"),
        }
    }
    out
}

/// HTML, LF line ends.
pub(super) fn html(blocks: &[Block]) -> String {
    let mut out = String::from(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head>\n\
         <body style=\"font-family:'Segoe UI',Arial,sans-serif;max-width:50em\">\n",
    );
    for block in blocks {
        match block {
            Block::Title(text) => element(&mut out, "p style=\"font-size:120%\"", text),
            Block::Text(text) => element(&mut out, "p", text),
            Block::Recipient(text) => element(&mut out, "h3", text),
            Block::Labelled(label, text) => {
                out.push_str(&format!("<p><b>{}</b> {}</p>\n", escaped(label), escaped(text)));
            }
            Block::Quote(lines) => element(&mut out, "blockquote", &lines.join("\n")),
            Block::Heading(text) => element(&mut out, "h4", text),
            Block::Lines(lines) => {
                element(&mut out, "pre style=\"white-space:pre-wrap\"", &lines.join("\n"));
            }
            Block::Rule => out.push_str("<hr>\n"),
        }
    }
    out.push_str("</body></html>\n");
    out
}

fn element(out: &mut String, tag: &str, text: &str) {
    let name = tag.split(' ').next().unwrap_or(tag);
    let text = escaped(text);
    // Inside `pre` line ends count already.
    let text = if name == "pre" { text } else { text.replace('\n', "<br>\n") };
    out.push_str(&format!("<{tag}>{text}</{name}>\n"));
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mim_08_a_peers_words_are_text_in_html() {
        let hostile = "</pre><script>alert(\"x\")</script>&'".to_owned();
        let page = html(&[
            Block::Recipient(hostile.clone()),
            Block::Quote(vec![hostile.clone()]),
            Block::Labelled("Missing:", hostile.clone()),
            Block::Lines(vec![hostile]),
        ]);
        assert!(!page.contains("<script") && !page.contains("\"x\""), "{page}");
        assert_eq!(page.matches("</pre>").count(), 1);
    }
}
