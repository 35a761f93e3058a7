//! Messages of our own with the tree that each must give: one for each oddity (MIM-04).
//!
//! Written by hand, read by nobody else. The notation is that of `tree`.

use crate::read_text;
use crate::tree::shown;

#[test]
fn mim_04_every_golden_message_gives_its_tree() {
    assert!(GOLDEN.len() >= 60, "{}", GOLDEN.len());
    let mut wrong = Vec::new();
    for (name, message, expected) in GOLDEN {
        let found = shown(&read_text(message));
        if found != *expected {
            wrong.push(format!("{name}\t{found}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What it shows, the message, the tree.
const GOLDEN: &[(&str, &str, &str)] = &[
    ("plain text", "Subject: a\n\nhello\n", "text/plain=hello/"),
    ("no header at all", "hello\nworld\n", "text/plain=hello/world/"),
    ("only a header", "Subject: a\n", "text/plain="),
    ("empty", "", "text/plain="),
    ("blank line only", "\n", "text/plain="),
    ("crlf", "Subject: a\r\n\r\nhello\r\n", "text/plain=hello/"),
    ("mbox line", "From a Mon Jan  1 00:00:00 2024\nSubject: a\n\nhello\n", "text/plain=hello/"),
    ("html", "Content-Type: text/html; charset=utf-8\n\n<b>hi</b>\n", "text/html=<b>hi</b>/"),
    (
        "two parts",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\n",
        "multipart/mixed[text/plain=one text/html=two]",
    ),
    (
        "two parts crlf",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--\r\n",
        "multipart/mixed[text/plain=one text/html=two]",
    ),
    (
        "mixed line endings",
        "Content-Type: multipart/mixed; boundary=b\r\n\n--b\r\n\none\n--b\n\r\ntwo\r\n--b--\n",
        "multipart/mixed[text/plain=one text/plain=two]",
    ),
    (
        "usual preamble",
        "Content-Type: multipart/mixed; boundary=b\n\nThis is a multi-part message in MIME format.\n--b\n\none\n--b--\n",
        "multipart/mixed[text/plain=one]",
    ),
    (
        "preamble and epilogue",
        "Content-Type: multipart/mixed; boundary=b\n\nbefore\n--b\n\none\n--b--\nafter\n",
        "multipart/mixed[text/plain=one .text/plain=before .text/plain=after/] !text-between-parts",
    ),
    (
        "quoted boundary",
        "Content-Type: multipart/mixed; boundary=\"a b\"\n\n--a b\n\none\n--a b--\n",
        "multipart/mixed[text/plain=one]",
    ),
    (
        "boundary with blanks at its end",
        "Content-Type: multipart/mixed; boundary=\"b  \"\n\n--b  \n\none\n--b  --\n",
        "multipart/mixed[text/plain=one] !boundary-unclear",
    ),
    (
        "blanks after the boundary line",
        "Content-Type: multipart/mixed; boundary=b\n\n--b 	\n\none\n--b-- \n",
        "multipart/mixed[text/plain=one]",
    ),
    (
        "empty boundary",
        "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\none\n----\n",
        "multipart/mixed[text/plain=one] !boundary-unclear",
    ),
    (
        "long boundary",
        "Content-Type: multipart/mixed; boundary=\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n\n--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\none\n--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx--\n",
        "multipart/mixed[text/plain=one] !boundary-prefix boundary-unclear",
    ),
    (
        "boundary cut at 70 by some",
        "Content-Type: multipart/mixed; boundary=\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n\n--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\none\n--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx--\n",
        "multipart/mixed=--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx[text/plain=one] !boundary-unclear",
    ),
    (
        "comment behind the boundary",
        "Content-Type: multipart/mixed; boundary=b (c)\n\n--b\n\none\n--b--\n",
        "multipart/mixed[text/plain=one] !boundary-unclear",
    ),
    (
        "comment instead of the boundary",
        "Content-Type: multipart/mixed; (boundary=c) boundary=b\n\n--b\n\none\n--b--\n--c\n\ntwo\n--c--\n",
        "multipart/mixed[text/plain=one .text/plain=--c//two/--c--/] !text-between-parts",
    ),
    (
        "escaped boundary",
        "Content-Type: multipart/mixed; boundary=\"a\\b\"\n\n--ab\n\none\n--ab--\n--a\\b\n\ntwo\n--a\\b--\n",
        "multipart/mixed[text/plain=one .text/plain=--a\\b//two/--a\\b--/ ~text/plain=two] !boundary-unclear text-between-parts",
    ),
    (
        "single quotes",
        "Content-Type: multipart/mixed; boundary='b'\n\n--'b'\n\none\n--'b'--\n--b\n\ntwo\n--b--\n",
        "multipart/mixed[text/plain=one .text/plain=--b//two/--b--/ ~text/plain=two] !boundary-unclear text-between-parts",
    ),
    (
        "unended quote",
        "Content-Type: multipart/mixed; boundary=\"b\n\n--b\n\none\n--b--\n",
        "multipart/mixed[text/plain=one] !boundary-unclear",
    ),
    (
        "no semicolon",
        "Content-Type: multipart/mixed boundary=b\n\n--b\n\none\n--b--\n",
        "multipart/mixed=--b//one/--b--/[text/plain=one] !type-malformed",
    ),
    (
        "folded boundary",
        "Content-Type: multipart/mixed;\n boundary=b\n\n--b\n\none\n--b--\n",
        "multipart/mixed[text/plain=one]",
    ),
    (
        "boundary by rfc 2231",
        "Content-Type: multipart/mixed; boundary*=us-ascii''b%62\n\n--bb\n\none\n--bb--\n",
        "multipart/mixed[text/plain=one]",
    ),
    (
        "boundary in sections",
        "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n--ab\n\none\n--ab--\n",
        "multipart/mixed[text/plain=one]",
    ),
    (
        "two boundaries",
        "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\n\none\n--a--\n--b\n\ntwo\n--b--\n",
        "multipart/mixed[text/plain=one .text/plain=--b//two/--b--/ ~text/plain=two] !duplicate-parameter text-between-parts",
    ),
    (
        "plain and extended boundary",
        "Content-Type: multipart/mixed; boundary=a; boundary*=''b\n\n--a\n\none\n--a--\n--b\n\ntwo\n--b--\n",
        "multipart/mixed[text/plain=one .text/plain=--b//two/--b--/ ~text/plain=two] !boundary-unclear text-between-parts",
    ),
    (
        "two content types",
        "Content-Type: multipart/mixed; boundary=a\nContent-Type: multipart/mixed; boundary=b\n\n--a\n\none\n--a--\n--b\n\ntwo\n--b--\n",
        "multipart/mixed[text/plain=one .text/plain=--b//two/--b--/ ~text/plain=two] !duplicate-field text-between-parts",
    ),
    (
        "text first, multipart second",
        "Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n",
        "text/plain=--b//one/--b--/ ~multipart/mixed[~text/plain=one] !duplicate-field",
    ),
    (
        "same content type twice",
        "Content-Type: text/html\nContent-Type: text/html\n\n<b>\n",
        "text/html=<b>/",
    ),
    (
        "no boundary",
        "Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n",
        "multipart/mixed=--b//one/--b--/[~text/plain=one] !boundary-missing",
    ),
    (
        "boundary that does not occur",
        "Content-Type: multipart/mixed; boundary=c\n\njust text\n",
        "multipart/mixed=just text/ !boundary-missing",
    ),
    (
        "no close delimiter",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n",
        "multipart/mixed[text/plain=one text/plain=two/] !close-delimiter-missing",
    ),
    (
        "cut in the header of a part",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html",
        "multipart/mixed[text/html=] !close-delimiter-missing",
    ),
    (
        "part behind the end",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\nContent-Type: text/html\n\ntwo\n--b--\n",
        "multipart/mixed[text/plain=one ~text/html=two] !epilogue-part",
    ),
    (
        "close delimiter first",
        "Content-Type: multipart/mixed; boundary=b\n\n--b--\n--b\n\none\n",
        "multipart/mixed[~text/plain=one/] !epilogue-part",
    ),
    (
        "prefix of another",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\none\n--bb\n\ntwo\n--bb--\n--b\n\nthree\n--b--\n",
        "multipart/mixed[multipart/alternative[text/plain=one text/plain=two] text/plain=three ~multipart/alternative=] !boundary-prefix",
    ),
    (
        "junk behind a delimiter",
        "Content-Type: multipart/mixed; boundary=b\n\n--b junk\n\none\n--b-- junk\n",
        "multipart/mixed[text/plain=one] !boundary-prefix close-delimiter-missing",
    ),
    (
        "lone cr before a delimiter",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\r--b\n\ntwo\n--b--\n",
        "multipart/mixed[text/plain=one--b//two ~text/plain=one ~text/plain=two] !lone-cr",
    ),
    (
        "nested",
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\n\n--a\n\nthree\n--a--\n",
        "multipart/mixed[multipart/alternative[text/plain=one text/html=two] text/plain=three]",
    ),
    (
        "inner not closed",
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--a\n\ntwo\n--a--\n",
        "multipart/mixed[multipart/mixed[text/plain=one ~text/plain=one/--a//two/--a--/] text/plain=two] !close-delimiter-missing",
    ),
    (
        "inner goes on outside",
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--a\nContent-Type: image/png\n\n--b\nContent-Type: text/html\n\nhidden\n--b--\n--a--\n",
        "multipart/mixed[multipart/mixed[text/plain=one ~text/plain=one/--a/Content-Type: image/png/ ~text/html=hidden] image/png=--b/Content-Type: text/html//hidden/--b-] !boundary-overlap close-delimiter-missing",
    ),
    (
        "same boundary inside",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
        "multipart/mixed[multipart/mixed= text/plain=one ~text/plain=two] !boundary-missing epilogue-part",
    ),
    (
        "empty parts",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b--\n",
        "multipart/mixed[text/plain= text/plain=]",
    ),
    (
        "part without blank line",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n--b--\n",
        "multipart/mixed[text/html=]",
    ),
    (
        "attached message",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: in\nContent-Type: text/html\n\n<i>\n--b--\n",
        "multipart/mixed[message/rfc822[text/html=<i>]]",
    ),
    (
        "encoded message",
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogYQoKaGkK\n",
        "message/rfc822[text/plain=hi/] !encoded-multipart",
    ),
    (
        "message falsely called encoded",
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nSubject: a\n\nhi\n",
        "message/rfc822[text/plain=hi/ ~text/plain=JæãyËZ† ~text/plain=JæãyË] !base64-unclear encoded-multipart",
    ),
    (
        "digest",
        "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nhi\n--b--\n",
        "multipart/digest[message/rfc822[text/plain=hi]]",
    ),
    (
        "partial",
        "Content-Type: message/partial; id=a; number=1; total=2\n\nSubject: a\n\nhi\n",
        "message/partial=Subject: a//hi/[+text/plain=hi/] !partial",
    ),
    (
        "external body",
        "Content-Type: message/external-body; access-type=URL\n\nContent-Type: image/png\n\n",
        "message/external-body=Content-Type: image/png// !external-body",
    ),
    (
        "delivery status",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; b@example.org\n",
        "message/delivery-status=Reporting-MTA: dns; a.example//Final-Rec",
    ),
    (
        "encoded multipart",
        "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\nLS1iCgpvbmUKLS1iLS0K\n",
        "multipart/mixed=LS1iCgpvbmUKLS1iLS0K/[text/plain=one] !encoded-multipart",
    ),
    (
        "base64",
        "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n",
        "text/plain=hello",
    ),
    (
        "base64 in two chunks",
        "Content-Transfer-Encoding: base64\n\naGVsbG8=\nIHlvdQ==\n",
        "text/plain=hello|hello you|hello[Ý|aGVsbG8=/IHlvdQ==/ !base64-unclear",
    ),
    (
        "base64 with junk",
        "Content-Transfer-Encoding: base64\n\naGV!sbG8=\n",
        "text/plain=hello|he|aGV!sbG8=/ !base64-unclear",
    ),
    (
        "quoted-printable",
        "Content-Transfer-Encoding: quoted-printable\n\nh=65llo=\n you\n",
        "text/plain=hello you/",
    ),
    (
        "odd quoted-printable",
        "Content-Transfer-Encoding: quoted-printable\n\na=zz=3db\n",
        "text/plain=a=zz=b/|azz=b/|a=zz=3db/ !quoted-printable-unclear",
    ),
    (
        "two encodings",
        "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n",
        "text/plain=aGVsbG8=/|hello !duplicate-field",
    ),
    (
        "commented encoding",
        "Content-Transfer-Encoding: (x) base64\n\naGVsbG8=\n",
        "text/plain=hello|aGVsbG8=/ !encoding-unclear",
    ),
    (
        "unknown encoding",
        "Content-Transfer-Encoding: x-mine\n\nhello\n",
        "text/plain=hello/ !encoding-unclear",
    ),
    (
        "eight bit in 7bit",
        "Content-Transfer-Encoding: 7bit\n\né\n",
        "text/plain=é/|C)/ !8bit-in-7bit",
    ),
    (
        "uuencode in text",
        "Subject: a\n\nhi\nbegin 644 a.txt\n%:&5L;&\\\n`\nend\n",
        "text/plain=hi/begin 644 a.txt/%:&5L;&\\/`/end/[+@application/octet-stream=hello:a.txt] !embedded-file",
    ),
    (
        "charset that disagrees",
        "Content-Type: text/html; charset=iso-8859-1\n\n<meta charset=utf-8>é\n",
        "text/html=<meta charset=utf-8>Ã©/|<meta charset=utf-8>é/ !charset-disagrees",
    ),
    (
        "unknown charset",
        "Content-Type: text/plain; charset=x-none\n\né\n",
        "text/plain=é/ !charset-unknown",
    ),
    (
        "utf-7 in html",
        "Content-Type: text/html; charset=utf-7\n\n+ADw-b+AD4-\n",
        "text/html=+ADw-b+AD4-/|<b>/ !charset-utf7",
    ),
    (
        "names",
        "Content-Type: application/x; name=c.js\nContent-Disposition: attachment; filename=a.txt; filename*=utf-8''b.exe\n\nx\n",
        "@application/x=x/:b.exe:a.txt:c.js !names-disagree",
    ),
    (
        "name in sections",
        "Content-Type: application/x; name*0=inv; name*1=oice.e; name*2=xe\nContent-Disposition: attachment\n\nx\n",
        "@application/x=x/:invoice.exe",
    ),
    (
        "encoded name",
        "Content-Type: application/x; name=\"=?utf-8?q?a=2Eexe?=\"\n\nx\n",
        "@application/x=x/:a.exe",
    ),
    (
        "inline text with a name",
        "Content-Type: text/plain; name=a.txt\nContent-Disposition: inline\n\nx\n",
        "text/plain=x/:a.txt",
    ),
    (
        "mail under another type",
        "Content-Type: application/octet-stream; name=a.eml\n\nSubject: in\n\nhi\n",
        "@application/octet-stream=Subject: in//hi/:a.eml[+text/plain=hi/]",
    ),
    (
        "odd line in the header",
        "Subject: a\nodd line\nContent-Type: text/html\n\n<b>\n",
        "text/html=<b>/ ~text/plain=odd line/Content-Type: text/html//<b>/ !header-malformed",
    ),
    (
        "line of blanks in the header",
        "Subject: a\n \nContent-Type: text/html\n\n<b>\n",
        "text/html=<b>/ ~text/plain= /Content-Type: text/html//<b>/ !header-malformed",
    ),
    (
        "header behind a blank line",
        "Subject: a\n\nContent-Type: text/html\n\n<b>\n",
        "text/plain=Content-Type: text/html//<b>/ ~text/html=<b>/ !header-after-blank-line",
    ),
    (
        "lone cr in the header",
        "Subject: a\rContent-Type: text/html\n\n<b>\n",
        "text/plain=<b>/ ~text/html=<b>/ !lone-cr",
    ),
    ("nul in the header", "Subject: a\0b\n\nx\n", "text/plain=x/ !header-nul"),
    ("blank before the colon", "Content-Type : text/html\n\n<b>\n", "text/html=<b>/"),
    ("type without subtype", "Content-Type: text\n\nx\n", "text/plain=x/ !type-malformed"),
    (
        "multipart without subtype",
        "Content-Type: multipart; boundary=b\n\n--b\n\none\n--b--\n",
        "multipart/mixed[text/plain=one] !type-malformed",
    ),
    (
        "boundary without a type",
        "Content-Type: boundary=b\n\n--b\n\none\n--b--\n",
        "multipart/mixed=--b//one/--b--/[text/plain=one] !type-malformed",
    ),
    (
        "line end in an encoded word",
        "Subject: =?utf-8?q?a=0D=0ABcc:_x?=\n\nx\n",
        "text/plain=x/ !encoded-line-end",
    ),
    (
        "cancelled by a comment",
        "Content-Type: text/plain (; boundary=b)\n\n--b\n\none\n--b--\n",
        "text/plain=--b//one/--b--/",
    ),
    (
        "cr cr lf",
        "Content-Type: multipart/mixed; boundary=b\r\r\n\r\r\n--b\r\r\nContent-Type: text/html\r\r\n\r\r\none\r\r\n--b--\r\r\n",
        "multipart/mixed[text/html=one]",
    ),
    (
        "blank before the first field",
        " Content-Type: text/html\n\n<b>\n",
        "text/plain=<b>/ ~text/html=<b>/ ~text/plain= Content-Type: text/html//<b>/ !header-malformed",
    ),
    (
        "byte order mark",
        "﻿Content-Type: text/html\n\n<b>\n",
        "text/plain=<b>/ ~text/html=<b>/ ~text/plain=Content-Type: text/html//<b>/ !header-malformed",
    ),
];
