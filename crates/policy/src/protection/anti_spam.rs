//! The anti-spam policy (HostedContentFilterPolicy, spec 2.6), Microsoft's names in snake_case.
//!
//! Touches nothing. Plain data; what the settings mean together is in `decide`.

use posthouse_types::{Address, AsfSwitch};

use super::quarantine::{ADMIN_ONLY, FULL_ACCESS};
use super::scope::{Addresses, Domains, scoped};
use super::values::{AsfState, Code, List, Switch, settings};
use crate::text::words;

words! {
    /// What a spam verdict does.
    SpamAction {
        /// To the junk folder, by the header that mailbox servers move it by.
        MoveToJmf = "move-to-jmf",
        /// A field is added.
        AddXHeader = "add-x-header",
        /// A text before the subject, and to the junk folder.
        ModifySubject = "modify-subject",
        /// To `redirect_to_recipients` in place of the recipient.
        Redirect = "redirect",
        /// Thrown away.
        Delete = "delete",
        /// Kept in quarantine.
        Quarantine = "quarantine",
        /// Nothing; for bulk only.
        NoAction = "no-action",
    }
}

words! {
    /// Which verdicts act on mail within the organisation: each includes those before it.
    IntraOrgFilterState {
        /// As high-confidence-phish.
        Default = "default",
        /// Phishing of high confidence.
        HighConfidencePhish = "high-confidence-phish",
        /// Phishing.
        Phish = "phish",
        /// Spam of high confidence.
        HighConfidenceSpam = "high-confidence-spam",
        /// Spam.
        Spam = "spam",
        /// None.
        Disabled = "disabled",
    }
}

words! {
    /// What a switch of the advanced spam filter in test does.
    TestModeAction {
        /// Nothing.
        None = "none",
        /// A field says which switch it was.
        AddXHeader = "add-x-header",
        /// A copy goes to `test_mode_bcc_to_recipients`.
        BccMessage = "bcc-message",
    }
}

/// Days that anti-spam quarantine keeps a message at most.
pub const QUARANTINE_DAYS_MAX: u16 = 30;
/// The fixed text of the field that [`SpamAction::AddXHeader`] adds.
pub(crate) const X_HEADER_TEXT: &str = "This message appears to be spam.";
/// The field in place of a name that is none.
pub(crate) const X_HEADER_DEFAULT: &str = "X-This-Is-Spam";
/// Longest name of that field, in characters.
pub(crate) const X_HEADER_CHARACTERS_MAX: usize = 255;

settings! {
    /// One anti-spam policy.
    AntiSpamPolicy {
        /// Unique among these policies, in any case; `Default` is the one for everybody else.
        name: Box<str> = Box::default(),
        /// Whether it acts.
        enabled: bool = true,
        /// 0 is looked at first.
        priority: u16 = 0,
        /// For these recipients.
        sent_to: Addresses = Addresses::default(),
        /// For recipients of these domains.
        recipient_domain_is: Domains = Domains::default(),
        /// But not for these.
        except_if_sent_to: Addresses = Addresses::default(),
        /// And not for recipients of these domains.
        except_if_recipient_domain_is: Domains = Domains::default(),
        /// For people.
        admin_display_name: Option<Box<str>> = None,
        /// The bulk complaint level that counts as bulk, 1 to 9: met or exceeded.
        bulk_threshold: u8 = 7,
        /// Whether bulk is marked as spam (SCL 6).
        mark_as_spam_bulk_mail: Switch = Switch::On,
        /// What spam does.
        spam_action: SpamAction = SpamAction::MoveToJmf,
        /// What spam of high confidence does.
        high_confidence_spam_action: SpamAction = SpamAction::MoveToJmf,
        /// What phishing does.
        phish_spam_action: SpamAction = SpamAction::MoveToJmf,
        /// What phishing of high confidence does: quarantine or redirect.
        high_confidence_phish_action: SpamAction = SpamAction::Quarantine,
        /// What bulk does.
        bulk_spam_action: SpamAction = SpamAction::MoveToJmf,
        /// What acts on mail within the organisation.
        intra_org_filter_state: IntraOrgFilterState = IntraOrgFilterState::Default,
        /// Days in quarantine, 1 to 30.
        quarantine_retention_period: u16 = 15,
        /// Whether lines are shown above messages.
        inline_safety_tips_enabled: bool = true,
        /// Whether delivered phishing is fetched back.
        phish_zap_enabled: bool = true,
        /// Whether delivered spam is fetched back.
        spam_zap_enabled: bool = true,
        /// Senders whose spam verdicts do not count.
        allowed_senders: List<Address> = List::default(),
        /// Their domains.
        allowed_sender_domains: Domains = Domains::default(),
        /// Senders whose mail is spam.
        blocked_senders: List<Address> = List::default(),
        /// Their domains.
        blocked_sender_domains: Domains = Domains::default(),
        /// Whether `language_block_list` acts.
        enable_language_block_list: bool = false,
        /// Languages (ISO 639-1) whose mail is spam.
        language_block_list: List<Code> = List::default(),
        /// Whether `region_block_list` acts.
        enable_region_block_list: bool = false,
        /// Countries (ISO 3166-1) whose mail is spam.
        region_block_list: List<Code> = List::default(),
        /// What a recipient may do with quarantined spam.
        spam_quarantine_tag: Box<str> = FULL_ACCESS.into(),
        /// ... with spam of high confidence.
        high_confidence_spam_quarantine_tag: Box<str> = FULL_ACCESS.into(),
        /// ... with phishing.
        phish_quarantine_tag: Box<str> = FULL_ACCESS.into(),
        /// ... with phishing of high confidence.
        high_confidence_phish_quarantine_tag: Box<str> = ADMIN_ONLY.into(),
        /// ... with bulk.
        bulk_quarantine_tag: Box<str> = FULL_ACCESS.into(),
        /// The name of the field that `add-x-header` adds.
        add_x_header_value: Box<str> = X_HEADER_DEFAULT.into(),
        /// The text that `modify-subject` puts before the subject.
        modify_subject_value: Box<str> = "[SPAM] ".into(),
        /// Whom `redirect` redirects to.
        redirect_to_recipients: List<Address> = List::default(),
        /// What a switch in test does.
        test_mode_action: TestModeAction = TestModeAction::None,
        /// Who gets a copy then.
        test_mode_bcc_to_recipients: List<Address> = List::default(),
        /// Image links to remote sites.
        increase_score_with_image_links: AsfState = AsfState::Off,
        /// Numeric hosts in links.
        increase_score_with_numeric_ips: AsfState = AsfState::Off,
        /// Links to other ports than 80, 8080 and 443.
        increase_score_with_redirect_to_other_port: AsfState = AsfState::Off,
        /// Links to .biz or .info.
        increase_score_with_biz_or_info_urls: AsfState = AsfState::Off,
        /// Empty messages.
        mark_as_spam_empty_messages: AsfState = AsfState::Off,
        /// `<embed>` in HTML.
        mark_as_spam_embed_tags_in_html: AsfState = AsfState::Off,
        /// Scripts in HTML.
        mark_as_spam_java_script_in_html: AsfState = AsfState::Off,
        /// `<form>` in HTML.
        mark_as_spam_form_tags_in_html: AsfState = AsfState::Off,
        /// Frames in HTML.
        mark_as_spam_frames_in_html: AsfState = AsfState::Off,
        /// Invisible remote images.
        mark_as_spam_web_bugs_in_html: AsfState = AsfState::Off,
        /// `<object>` in HTML.
        mark_as_spam_object_tags_in_html: AsfState = AsfState::Off,
        /// Words of the sensitive list.
        mark_as_spam_sensitive_word_list: AsfState = AsfState::Off,
        /// SPF says fail. On or off.
        mark_as_spam_spf_record_hard_fail: AsfState = AsfState::Off,
        /// The From address fails SPF. On or off.
        mark_as_spam_from_address_auth_fail: AsfState = AsfState::Off,
        /// Reports about mail that was never sent. On or off.
        mark_as_spam_ndr_backscatter: AsfState = AsfState::Off,
    }
}

scoped!(AntiSpamPolicy);

/// One switch of the advanced spam filter: its key, the level it raises to, and its header text.
pub struct AsfRow {
    /// Which.
    pub switch: AsfSwitch,
    /// Its key in the policy.
    pub setting: &'static str,
    /// The spam confidence level that it marks with. "5/6" of the specification is 6 here.
    pub scl: i8,
    /// The text of `X-CustomSpam`.
    pub text: &'static str,
    /// Whether it can be in test.
    pub has_test: bool,
    /// Its state in a policy.
    pub state: fn(&AntiSpamPolicy) -> AsfState,
}

macro_rules! asf_rows {
    ($($switch:ident, $setting:ident, $scl:literal, $text:literal, $has_test:literal;)+) => {
        /// The fifteen switches in the table's order (spec 2.6).
        pub const ASF: &[AsfRow] = &[$(AsfRow {
            switch: AsfSwitch::$switch,
            setting: stringify!($setting),
            scl: $scl,
            text: $text,
            has_test: $has_test,
            state: |policy| policy.$setting,
        },)+];
    };
}

asf_rows! {
    ImageLinks, increase_score_with_image_links, 6, "Image links to remote sites", true;
    NumericIps, increase_score_with_numeric_ips, 6, "Numeric IP in URL", true;
    RedirectToOtherPort, increase_score_with_redirect_to_other_port, 6, "URL redirect to other port", true;
    BizOrInfoUrls, increase_score_with_biz_or_info_urls, 6, "URL to .biz or .info websites", true;
    EmptyMessages, mark_as_spam_empty_messages, 9, "Empty Message", true;
    EmbedTags, mark_as_spam_embed_tags_in_html, 9, "Embed tag in html", true;
    JavaScript, mark_as_spam_java_script_in_html, 9, "Javascript or VBscript tags in HTML", true;
    FormTags, mark_as_spam_form_tags_in_html, 9, "Form tag in html", true;
    Frames, mark_as_spam_frames_in_html, 9, "IFRAME or FRAME in HTML", true;
    WebBugs, mark_as_spam_web_bugs_in_html, 9, "Web bug", true;
    ObjectTags, mark_as_spam_object_tags_in_html, 9, "Object tag in html", true;
    SensitiveWords, mark_as_spam_sensitive_word_list, 9, "Sensitive word in subject/body", true;
    SpfHardFail, mark_as_spam_spf_record_hard_fail, 9, "SPF Record Fail", false;
    FromAddressAuthFail, mark_as_spam_from_address_auth_fail, 6, "SPF From Record Fail", false;
    NdrBackscatter, mark_as_spam_ndr_backscatter, 6, "Backscatter NDR", false;
}

impl AntiSpamPolicy {
    /// The field that `add-x-header` adds: the policy's name where it is one, else the default.
    pub fn x_header_name(&self) -> &str {
        let name = &*self.add_x_header_value;
        let is_sound = !name.is_empty()
            && name.len() <= X_HEADER_CHARACTERS_MAX
            && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        if is_sound { name } else { X_HEADER_DEFAULT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_stands_once_in_the_table_with_its_key() {
        let switches: Vec<_> = ASF.iter().map(|row| row.switch).collect();
        assert_eq!(switches, AsfSwitch::ALL);
        for row in ASF {
            assert!(AntiSpamPolicy::KEYS.contains(&row.setting), "{}", row.setting);
        }
        assert_eq!(ASF.iter().filter(|row| !row.has_test).count(), 3);
    }

    #[test]
    fn a_field_name_that_is_none_becomes_the_default() {
        for (name, used) in [
            ("X-Suspicious", "X-Suspicious"),
            ("", "X-This-Is-Spam"),
            ("X Suspicious", "X-This-Is-Spam"),
            ("X:", "X-This-Is-Spam"),
            ("X-Ümlaut", "X-This-Is-Spam"),
            ("X\r\nBcc", "X-This-Is-Spam"),
        ] {
            let policy =
                AntiSpamPolicy { add_x_header_value: name.into(), ..AntiSpamPolicy::default() };
            assert_eq!(policy.x_header_name(), used);
        }
    }
}
