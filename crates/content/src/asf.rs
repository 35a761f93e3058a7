//! The fifteen Advanced Spam Filter switches of EOP, as tests on one message (spec 2.6).
//!
//! Touches nothing. Every switch is measured always; the policy says which ones act. Names and
//! header texts are Microsoft's.

use posthouse_mime::Reading;

use crate::gather::Gathered;
use crate::html::Loads;
use crate::url::{Host, Origin};

/// What a switch does when it is on and hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raises {
    /// The score goes up: SCL 5 or 6.
    Score,
    /// Spam: SCL 6.
    Spam,
    /// Spam in high confidence: SCL 9.
    HighConfidence,
}

/// One switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asf {
    /// Images that are loaded from elsewhere.
    ImageLinks,
    /// Links to bare addresses.
    NumericIps,
    /// Links to other ports than 80, 8080 and 443.
    RedirectToOtherPort,
    /// Links to names in `.biz` and `.info`.
    BizOrInfoUrls,
    /// No subject, no text and no attachment.
    EmptyMessages,
    /// `embed` elements.
    EmbedTags,
    /// Scripts.
    JavaScript,
    /// `form` elements.
    FormTags,
    /// `frame` and `iframe` elements.
    Frames,
    /// Images too small to be seen.
    WebBugs,
    /// `object` elements.
    ObjectTags,
    /// A word of the sensitive-word list.
    SensitiveWordList,
    /// SPF for MAIL FROM says `fail`.
    SpfRecordHardFail,
    /// Neither SPF nor Sender ID passes for From.
    FromAddressAuthFail,
    /// A report about mail that did not come from here.
    NdrBackscatter,
}

impl Asf {
    /// All fifteen, in the order of the specification.
    pub const ALL: [Self; 15] = [
        Self::ImageLinks,
        Self::NumericIps,
        Self::RedirectToOtherPort,
        Self::BizOrInfoUrls,
        Self::EmptyMessages,
        Self::EmbedTags,
        Self::JavaScript,
        Self::FormTags,
        Self::Frames,
        Self::WebBugs,
        Self::ObjectTags,
        Self::SensitiveWordList,
        Self::SpfRecordHardFail,
        Self::FromAddressAuthFail,
        Self::NdrBackscatter,
    ];

    fn row(self) -> (&'static str, Raises, &'static str) {
        use Raises::{HighConfidence, Score, Spam};
        match self {
            Self::ImageLinks => {
                ("IncreaseScoreWithImageLinks", Score, "Image links to remote sites")
            }
            Self::NumericIps => ("IncreaseScoreWithNumericIps", Score, "Numeric IP in URL"),
            Self::RedirectToOtherPort => {
                ("IncreaseScoreWithRedirectToOtherPort", Score, "URL redirect to other port")
            }
            Self::BizOrInfoUrls => {
                ("IncreaseScoreWithBizOrInfoUrls", Score, "URL to .biz or .info websites")
            }
            Self::EmptyMessages => ("MarkAsSpamEmptyMessages", HighConfidence, "Empty Message"),
            Self::EmbedTags => ("MarkAsSpamEmbedTagsInHtml", HighConfidence, "Embed tag in html"),
            Self::JavaScript => (
                "MarkAsSpamJavaScriptInHtml",
                HighConfidence,
                "Javascript or VBscript tags in HTML",
            ),
            Self::FormTags => ("MarkAsSpamFormTagsInHtml", HighConfidence, "Form tag in html"),
            Self::Frames => ("MarkAsSpamFramesInHtml", HighConfidence, "IFRAME or FRAME in HTML"),
            Self::WebBugs => ("MarkAsSpamWebBugsInHtml", HighConfidence, "Web bug"),
            Self::ObjectTags => {
                ("MarkAsSpamObjectTagsInHtml", HighConfidence, "Object tag in html")
            }
            Self::SensitiveWordList => {
                ("MarkAsSpamSensitiveWordList", HighConfidence, "Sensitive word in subject/body")
            }
            Self::SpfRecordHardFail => {
                ("MarkAsSpamSpfRecordHardFail", HighConfidence, "SPF Record Fail")
            }
            Self::FromAddressAuthFail => {
                ("MarkAsSpamFromAddressAuthFail", Spam, "SPF From Record Fail")
            }
            Self::NdrBackscatter => ("MarkAsSpamNdrBackscatter", Spam, "Backscatter NDR"),
        }
    }

    /// The setting's name in the policy.
    pub fn setting(self) -> &'static str {
        self.row().0
    }

    /// What a hit does.
    pub fn raises(self) -> Raises {
        self.row().1
    }

    /// What stands after `X-CustomSpam: `.
    pub fn header_text(self) -> &'static str {
        self.row().2
    }

    /// Whether the switch knows the mode Test; the last three do not.
    pub fn has_test_mode(self) -> bool {
        !matches!(self, Self::SpfRecordHardFail | Self::FromAddressAuthFail | Self::NdrBackscatter)
    }
}

/// Facts that the last three switches ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsfFacts {
    /// SPF of MAIL FROM (or HELO) is `fail`.
    pub spf: Spf,
    /// The same for the address of From, as Sender ID asked it.
    pub from: Spf,
    /// The message is a report about mail that this gateway did not send.
    pub bounce: Bounce,
}

/// An SPF result, as far as the switches care.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spf {
    /// Anything but `fail`, or nobody asked.
    #[default]
    NotFailed,
    /// `fail`, not `softfail`.
    HardFail,
}

/// Whether the message is a report, and about what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bounce {
    /// No report, or one about mail from here.
    #[default]
    NotForeign,
    /// A report about mail that never came from here.
    Foreign,
}

/// Words for which mail is called spam when that switch is on. Microsoft keeps its list to
/// itself; this one is ours, plain as `normal::plain` writes it.
const SENSITIVE_WORDS: &[&str] = &[
    "cialis", "hardcore", "levitra", "milf", "nude", "orgasm", "penis", "porn", "porno", "viagra",
    "xxx",
];
/// How long they are.
const SENSITIVE_WORD_BYTES: std::ops::RangeInclusive<usize> = 3..=8;

/// The switches that hit, in order. `words` is subject and text, plain.
pub(crate) fn hits(
    reading: &Reading,
    gathered: &Gathered,
    words: &str,
    facts: &AsfFacts,
) -> Vec<Asf> {
    let all = Asf::ALL.into_iter();
    all.filter(|switch| is_hit(*switch, reading, gathered, words, facts)).collect()
}

fn is_hit(
    switch: Asf,
    reading: &Reading,
    gathered: &Gathered,
    words: &str,
    facts: &AsfFacts,
) -> bool {
    let pages = &gathered.pages;
    let any_link = |test: fn(&crate::url::Url) -> bool| {
        let links = gathered.urls.iter().filter(|url| {
            url.is_web()
                && !matches!(url.origin, Origin::AttachedPage | Origin::Document | Origin::Inner)
        });
        links.into_iter().any(test)
    };
    match switch {
        Asf::ImageLinks => {
            let pictures = pages.iter().flat_map(|page| &page.pictures);
            pictures.into_iter().any(|picture| crate::html::is_remote(&picture.source))
        }
        Asf::NumericIps => any_link(|url| matches!(url.host, Host::V4(_) | Host::V6(_))),
        Asf::RedirectToOtherPort => {
            any_link(|url| url.port.is_some_and(|port| !matches!(port, 80 | 8080 | 443)))
        }
        Asf::BizOrInfoUrls => any_link(|url| {
            let name = url.host.as_name().unwrap_or_default();
            name.ends_with(".biz") || name.ends_with(".info")
        }),
        Asf::EmptyMessages => is_empty(reading, gathered),
        Asf::EmbedTags => pages.iter().any(|page| page.counts.embeds > 0),
        Asf::JavaScript => pages.iter().any(|page| page.counts.scripts > 0),
        Asf::FormTags => pages.iter().any(|page| page.counts.forms > 0),
        Asf::Frames => pages.iter().any(|page| {
            page.counts.frames > 0 || page.resources.iter().any(|(it, _)| *it == Loads::Frame)
        }),
        Asf::WebBugs => {
            pages.iter().any(|page| page.pictures.iter().any(|picture| picture.is_web_bug))
        }
        Asf::ObjectTags => pages.iter().any(|page| page.counts.objects > 0),
        Asf::SensitiveWordList => {
            let words = words.as_bytes().split(|byte| matches!(byte, b' ' | b'/'));
            let mut words = words.filter(|word| SENSITIVE_WORD_BYTES.contains(&word.len()));
            words.any(|word| SENSITIVE_WORDS.iter().any(|known| known.as_bytes() == word))
        }
        Asf::SpfRecordHardFail => facts.spf == Spf::HardFail,
        Asf::FromAddressAuthFail => facts.from == Spf::HardFail,
        Asf::NdrBackscatter => facts.bounce == Bounce::Foreign,
    }
}

fn is_empty(reading: &Reading, gathered: &Gathered) -> bool {
    let has_file = reading
        .parts
        .iter()
        .any(|part| part.is_attachment && part.bodies.iter().any(|body| !body.bytes.is_empty()));
    let has_picture = gathered.pages.iter().any(|page| !page.pictures.is_empty());
    gathered.subject.trim().is_empty()
        && gathered.text.trim().is_empty()
        && !has_file
        && !has_picture
}

#[cfg(test)]
mod tests {
    use posthouse_mime::{MimeLimits, read};

    use super::*;

    fn hit(message: &str) -> Vec<&'static str> {
        let reading = read(message.as_bytes(), &MimeLimits::default());
        let gathered = Gathered::from(&reading);
        hits(&reading, &gathered, &gathered.plain(), &AsfFacts::default())
            .into_iter()
            .map(Asf::header_text)
            .collect()
    }

    #[test]
    fn each_switch_hits_what_it_names() {
        for (html, expected) in [
            ("<img src=http://a.example/x.png>", "Image links to remote sites"),
            ("<a href=http://192.0.2.1/>x</a>", "Numeric IP in URL"),
            ("<a href=http://a.example:8081/>x</a>", "URL redirect to other port"),
            ("<a href=http://a.biz/>x</a>", "URL to .biz or .info websites"),
            ("<a href=http://b.info/>x</a>", "URL to .biz or .info websites"),
            ("x<embed src=a>", "Embed tag in html"),
            ("x<script>1</script>", "Javascript or VBscript tags in HTML"),
            ("x<a href='vbscript:x'>y</a>", "Javascript or VBscript tags in HTML"),
            ("x<form></form>", "Form tag in html"),
            ("x<iframe src=a></iframe>", "IFRAME or FRAME in HTML"),
            ("x<object></object>", "Object tag in html"),
            ("buy V\u{456}agra", "Sensitive word in subject/body"),
        ] {
            let message = format!("Subject: x\nContent-Type: text/html; charset=utf-8\n\n{html}\n");
            assert_eq!(hit(&message), [expected], "{html}");
        }
        let bug =
            "Subject: x\nContent-Type: text/html\n\nx<img src=http://a.example/p width=1 height=1>";
        assert_eq!(hit(bug), ["Image links to remote sites", "Web bug"]);
    }

    #[test]
    fn only_a_message_without_subject_text_and_attachment_is_empty() {
        assert_eq!(hit("From: a@b.example\n\n\n"), ["Empty Message"]);
        assert!(hit("Subject: x\n\n").is_empty());
        assert!(hit("From: a@b.example\n\nx\n").is_empty());
        let file = "From: a@b.example\nContent-Type: application/pdf; name=a.pdf\n\
                    Content-Disposition: attachment; filename=a.pdf\n\n%PDF-1.4\n";
        assert!(hit(file).is_empty());
    }

    #[test]
    fn the_last_three_ask_for_facts() {
        let reading = read(b"Subject: x\n\nx", &MimeLimits::default());
        let gathered = Gathered::from(&reading);
        let facts = AsfFacts { spf: Spf::HardFail, from: Spf::HardFail, bounce: Bounce::Foreign };
        let texts: Vec<_> = hits(&reading, &gathered, &gathered.plain(), &facts)
            .into_iter()
            .map(Asf::header_text)
            .collect();
        assert_eq!(texts, ["SPF Record Fail", "SPF From Record Fail", "Backscatter NDR"]);
    }

    #[test]
    fn ordinary_mail_hits_no_switch() {
        assert!(
            hit(
                "Subject: x\nContent-Type: text/html\n\n<p>Hi <a href=https://a.example:8080>x</a>"
            )
            .is_empty()
        );
    }
}
