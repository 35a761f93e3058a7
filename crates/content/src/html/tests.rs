//! Claims about what is read from an HTML body.

use super::*;

#[test]
fn blocks_are_lines_and_references_are_characters() {
    let page = read("<p>Dear&nbsp;Sir<br>a &lt;b&gt;</p><div>x\n  y</div><td>1</td><td>2</td>");
    assert_eq!(page.visible.replace('\u{a0}', " "), "Dear Sir\na <b>\nx y\n1 2 ");
}

#[test]
fn links_have_what_is_seen_on_them() {
    let page = read(
        "<a href='https://a.example/?x=1&amp;y=2' title=T>go <b>there</b></a>\
         <a href=\"//b.example\"><img src=x alt='Log in'></a><a name=x>no</a><area href=c>",
    );
    let links: Vec<_> = page.links.iter().map(|it| (it.href.as_str(), it.text.as_str())).collect();
    assert_eq!(
        links,
        [("https://a.example/?x=1&y=2", "go there"), ("//b.example", "Log in"), ("c", "")]
    );
    assert_eq!(page.links[0].title, "T");
}

#[test]
fn txt_02_hidden_text_is_kept_apart() {
    let page = read(
        "<style>.k{display:none}</style>seen<div style='display:none'>one<p style='display:block'>\
         two</p></div><span class=k>three</span><font color=#ffffff>four</font> also\
         <table bgcolor=#000><td><font color=white>white on black</table>",
    );
    for word in ["seen", "also", "white on black"] {
        assert!(page.visible.contains(word), "{word}: {}", page.visible);
    }
    for word in ["one", "two", "three", "four"] {
        assert!(page.hidden.contains(word), "{word}: {}", page.hidden);
        assert!(!page.visible.contains(word), "{word}");
    }
}

#[test]
fn forms_scripts_frames_and_bugs_are_counted() {
    let page = read(
        "<form action='https://e.example/x'><input type=PASSWORD><input name=u><button formaction=/f>\
         </form><script src=s.js>var a='<p>';</script><iframe src=i></iframe><embed src=e>\
         <object data=o></object><img src='http://t.example/p.gif' width=1 height=1>\
         <img src=cid:a><img src=https://i.example/a.png><meta http-equiv=refresh \
         content='0; url=https://r.example/'><base href=https://b.example/><body onload=x()>\
         <a href=' java\nscript:x()'>",
    );
    let counts = page.counts;
    assert_eq!(
        (
            counts.forms,
            counts.passwords,
            counts.inputs,
            counts.frames,
            counts.embeds,
            counts.objects
        ),
        (1, 1, 1, 1, 1, 1)
    );
    assert_eq!(counts.scripts, 3);
    assert_eq!(page.script.trim(), "var a='<p>';");
    assert_eq!(page.pictures.iter().filter(|picture| picture.is_web_bug).count(), 1);
    assert_eq!(page.base.as_deref(), Some("https://b.example/"));
    assert!(page.resources.contains(&(Loads::Refresh, "https://r.example/".to_owned())));
    assert!(page.resources.contains(&(Loads::Form, "https://e.example/x".to_owned())));
}

#[test]
fn rx_01_hostile_nesting_costs_no_more_than_its_length() {
    for piece in
        ["<div>", "</div>", "<table><tr><td>", "<a href=x>", "<p>", "<span style=color:#fff>"]
    {
        let text = piece.repeat(60_000 / piece.len());
        let page = read(&text);
        assert!(page.steps <= 3 * text.len());
        assert!(page.links.len() <= LINKS_MAX);
    }
}
