//! The value of `MIME-Ambiguity-Results` (draft-chen-email-mime-ambiguity-defense): what this
//! reading found, for programs behind us in the same administrative domain.
//!
//! Touches nothing. Holds words of our own only, nothing that the message says.

use crate::Reading;

/// Longest line of the value, in bytes, folding included (RFC 5322 2.1.1 says 78).
const LINE_BYTES_MAX: usize = 76;

/// `none`, or `ambiguous` or `incomplete` with the class of each ambiguity and how often it was
/// found, folded into lines. The caller puts its own name and a semicolon before it, as in
/// `Authentication-Results`. Each reading was scanned: that is what `views` tells, the number of
/// bodies among which a reader may see any.
pub fn ambiguity_results(reading: &Reading) -> String {
    let mut classes: Vec<(&str, usize)> = Vec::new();
    for finding in &reading.findings {
        let class = finding.kind.id.strip_prefix("mime-").unwrap_or(finding.kind.id);
        match classes.iter_mut().find(|(known, _)| *known == class) {
            Some((_, count)) => *count += 1,
            None => classes.push((class, 1)),
        }
    }
    let result = match (reading.is_complete, classes.is_empty()) {
        (false, _) => "incomplete",
        (true, false) => "ambiguous",
        (true, true) => "none",
    };
    let views: usize = reading.parts.iter().map(|part| part.bodies.len()).sum();
    let mut out = format!("result={result}; views={views}");
    let mut line = out.len();
    for (class, count) in classes {
        let word =
            if count > 1 { format!("class={class}:{count}") } else { format!("class={class}") };
        out.push(';');
        if line + word.len() + 2 > LINE_BYTES_MAX {
            out.push_str("\r\n\t");
            line = 8;
        } else {
            out.push(' ');
            line += 2;
        }
        line += word.len();
        out.push_str(&word);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::{MimeLimits, ambiguity_results, read};

    #[test]
    fn mim_01_the_result_names_each_class_and_folds() {
        let clean = read(b"Subject: a\n\nb", &MimeLimits::default());
        assert_eq!(ambiguity_results(&clean), "result=none; views=1");
        let odd = b"Content-Type: multipart/mixed; boundary=a; boundary=b\n\
            Content-Transfer-Encoding: base 64\nMIME-Version: 1.0\nX: \0\n\n--a\n\nx\n--a--\n--b\n\ny\n--c";
        let results = ambiguity_results(&read(odd, &MimeLimits::default()));
        assert!(results.starts_with("result=ambiguous; views="), "{results}");
        assert!(results.contains("class=duplicate-parameter"), "{results}");
        assert!(results.lines().all(|line| line.len() <= 78), "{results}");
        assert!(results.split("\r\n").skip(1).all(|line| line.starts_with('\t')), "{results}");
    }
}
