//! Services that stand between a link and what it shows: known by hand, dated 2026-11.
//!
//! Touches nothing. Facts, not verdicts: honest mail uses them too. Each list is sorted, and holds
//! registrable domains or full host names.

/// Services that make a short link of a long one.
pub(crate) const SHORTENERS: &[&str] = &[
    "adf.ly",
    "bit.do",
    "bit.ly",
    "bitly.com",
    "bl.ink",
    "buff.ly",
    "clck.ru",
    "cutt.ly",
    "dlvr.it",
    "goo.gl",
    "goo.su",
    "hyperurl.co",
    "ift.tt",
    "is.gd",
    "kutt.it",
    "l.ead.me",
    "lnk.bio",
    "lnk.to",
    "lnkd.in",
    "mcaf.ee",
    "n9.cl",
    "ow.ly",
    "qr.ae",
    "qrco.de",
    "qrfy.io",
    "rb.gy",
    "rebrand.ly",
    "s.id",
    "shorte.st",
    "shorturl.at",
    "smarturl.it",
    "snip.ly",
    "surl.li",
    "t.co",
    "t.ly",
    "t2m.io",
    "tiny.cc",
    "tiny.one",
    "tinyurl.com",
    "tr.im",
    "u.to",
    "urlz.fr",
    "v.gd",
    "vk.cc",
    "wa.link",
    "x.gd",
    "yourls.org",
];

/// Hosts that lead on to a target given in the link, and are used by strangers for that.
pub(crate) const REDIRECTORS: &[&str] = &[
    "adclick.g.doubleclick.net",
    "clickserve.dartsearch.net",
    "ct.sendgrid.net",
    "googleads.g.doubleclick.net",
    "googleweblight.com",
    "href.li",
    "l.facebook.com",
    "l.instagram.com",
    "l.wl.co",
    "linkprotect.cudasvc.com",
    "lm.facebook.com",
    "out.reddit.com",
    "r.search.yahoo.com",
    "slack-redir.net",
    "urldefense.com",
    "urldefense.proofpoint.com",
    "vk.com",
    "www.awin1.com",
    "www.bing.com",
    "www.google.com",
    "www.googleadservices.com",
    "www.linkedin.com",
    "www.youtube.com",
];

/// Where anybody shows a page, a file or a form of his own under a good name.
pub(crate) const ANYBODYS_PAGES: &[&str] = &[
    "000webhostapp.com",
    "1drv.ms",
    "4shared.com",
    "altervista.org",
    "amazonaws.com",
    "appspot.com",
    "azurefd.net",
    "azurewebsites.net",
    "backblazeb2.com",
    "blogspot.com",
    "box.com",
    "canva.site",
    "carrd.co",
    "cloudflare-ipfs.com",
    "cognitoforms.com",
    "dochub.com",
    "docs.google.com",
    "drive.google.com",
    "dropbox.com",
    "dweb.link",
    "firebaseapp.com",
    "firebasestorage.googleapis.com",
    "fleek.co",
    "fly.dev",
    "forms.app",
    "forms.gle",
    "forms.office.com",
    "framer.website",
    "ghost.io",
    "gitbook.io",
    "github.io",
    "glitch.me",
    "godaddysites.com",
    "herokuapp.com",
    "infinityfreeapp.com",
    "ipfs.io",
    "jotform.com",
    "linktr.ee",
    "mediafire.com",
    "mega.nz",
    "mystrikingly.com",
    "netlify.app",
    "notion.site",
    "onedrive.live.com",
    "onrender.com",
    "pages.dev",
    "pantheonsite.io",
    "plesk.page",
    "r2.dev",
    "railway.app",
    "replit.app",
    "script.google.com",
    "sharepoint.com",
    "sites.google.com",
    "square.site",
    "storage.googleapis.com",
    "surge.sh",
    "surveymonkey.com",
    "telegra.ph",
    "tilda.ws",
    "transfernow.net",
    "translate.goog",
    "tripod.com",
    "typeform.com",
    "vercel.app",
    "w3spaces.com",
    "web.app",
    "web.core.windows.net",
    "webcindario.com",
    "webflow.io",
    "weebly.com",
    "weeblysite.com",
    "wetransfer.com",
    "windows.net",
    "wixsite.com",
    "wordpress.com",
    "workers.dev",
    "yolasite.com",
    "zohopublic.com",
];

/// Mail for everybody: an address there says nothing about whose it is.
pub const FREE_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "aim.com",
    "alice.it",
    "aliyun.com",
    "aol.com",
    "att.net",
    "bigpond.com",
    "bk.ru",
    "bol.com.br",
    "comcast.net",
    "cox.net",
    "daum.net",
    "email.com",
    "fastmail.com",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "icloud.com",
    "inbox.lv",
    "inbox.ru",
    "juno.com",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.com",
    "live.fr",
    "live.nl",
    "mac.com",
    "mail.com",
    "mail.ee",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.es",
    "outlook.fr",
    "outlook.it",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "seznam.cz",
    "sfr.fr",
    "sina.com",
    "t-online.de",
    "terra.com.br",
    "tutanota.com",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "wanadoo.fr",
    "web.de",
    "yahoo.ca",
    "yahoo.co.in",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.com.br",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
    "zohomail.com",
];

/// The name or one of its parents stands in a sorted list.
pub(crate) fn holds(list: &[&str], name: &str) -> bool {
    let mut rest = name;
    loop {
        if list.binary_search(&rest).is_ok() {
            return true;
        }
        match rest.split_once('.') {
            Some((_, parent)) if parent.contains('.') => rest = parent,
            _ => return false,
        }
    }
}

/// Is an address of this domain one that anybody can have for nothing?
pub fn is_free_mail(domain: &str) -> bool {
    FREE_MAIL.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        for list in [SHORTENERS, REDIRECTORS, ANYBODYS_PAGES, FREE_MAIL] {
            for pair in list.windows(2) {
                assert!(pair[0] < pair[1], "{pair:?}");
            }
        }
    }

    #[test]
    fn a_parent_counts_and_a_likeness_does_not() {
        assert!(holds(SHORTENERS, "bit.ly"));
        assert!(holds(ANYBODYS_PAGES, "evil.pages.dev"));
        assert!(!holds(SHORTENERS, "rabbit.ly"));
        assert!(!holds(SHORTENERS, "ly"));
    }
}
