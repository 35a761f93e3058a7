//! The anti-phishing policy (spec 2.8), Microsoft's names in snake_case: spoof, DMARC and
//! impersonation.
//!
//! Touches nothing. Plain data; what the settings mean together is in `decide`.

use posthouse_types::Address;

use super::quarantine::FULL_ACCESS;
use super::scope::{Addresses, Domains, scoped};
use super::values::{List, ProtectedUser, settings};
use crate::text::words;

words! {
    /// What a forged From address does.
    SpoofAction {
        /// To the junk folder.
        MoveToJmf = "move-to-jmf",
        /// Kept in quarantine.
        Quarantine = "quarantine",
    }
}

words! {
    /// What happens where a domain's owner asks for rejection.
    DmarcRejectAction {
        /// Refused.
        Reject = "reject",
        /// Kept in quarantine.
        Quarantine = "quarantine",
    }
}

words! {
    /// What impersonation does.
    ImpersonationAction {
        /// Nothing.
        NoAction = "no-action",
        /// To others in place of the recipient.
        Redirect = "redirect",
        /// To the junk folder.
        MoveToJmf = "move-to-jmf",
        /// Kept in quarantine.
        Quarantine = "quarantine",
        /// Delivered, with a copy to others.
        BccMessage = "bcc-message",
        /// Thrown away.
        Delete = "delete",
    }
}

/// Protected users of one policy (spec 2.8).
pub const TARGETED_USERS_MAX: usize = 350;
/// Protected domains of one policy that are not the tenant's own.
pub const TARGETED_DOMAINS_MAX: usize = 50;
/// Trusted senders, and trusted domains.
pub const EXCLUDED_MAX: usize = 1024;

settings! {
    /// One anti-phishing policy.
    AntiPhishPolicy {
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
        /// Whether what nothing explicit condemns is still held to be forged.
        enable_spoof_intelligence: bool = true,
        /// Whether the domain owner's wish decides where DMARC fails.
        honor_dmarc_policy: bool = true,
        /// What `p=quarantine` does.
        dmarc_quarantine_action: SpoofAction = SpoofAction::Quarantine,
        /// What `p=reject` does.
        dmarc_reject_action: DmarcRejectAction = DmarcRejectAction::Reject,
        /// What a forged From address does.
        authentication_fail_action: SpoofAction = SpoofAction::MoveToJmf,
        /// Whether a first contact is shown.
        enable_first_contact_safety_tips: bool = false,
        /// Whether a sender that nothing authenticates is marked with a question mark.
        enable_unauthenticated_sender: bool = true,
        /// Whether "via" names the domain that it came by.
        enable_via_tag: bool = true,
        /// 1 to 4: from 2 on, less sure phishing counts as of high confidence.
        phish_threshold_level: u8 = 1,
        /// Whether `targeted_users_to_protect` acts.
        enable_targeted_user_protection: bool = false,
        /// People whose imitation is looked for.
        targeted_users_to_protect: List<ProtectedUser> = List::default(),
        /// What their imitation does.
        targeted_user_protection_action: ImpersonationAction = ImpersonationAction::NoAction,
        /// Whom it redirects or copies to.
        targeted_user_action_recipients: List<Address> = List::default(),
        /// Whether imitation of the tenant's own domains is looked for.
        enable_organization_domains_protection: bool = false,
        /// Whether `targeted_domains_to_protect` acts.
        enable_targeted_domains_protection: bool = false,
        /// Domains whose imitation is looked for.
        targeted_domains_to_protect: Domains = Domains::default(),
        /// What a domain's imitation does.
        targeted_domain_protection_action: ImpersonationAction = ImpersonationAction::NoAction,
        /// Whom it redirects or copies to.
        targeted_domain_action_recipients: List<Address> = List::default(),
        /// Whether it is kept who writes to whom.
        enable_mailbox_intelligence: bool = true,
        /// Whether imitation of somebody whom the recipient knows is acted on.
        enable_mailbox_intelligence_protection: bool = false,
        /// What it does.
        mailbox_intelligence_protection_action: ImpersonationAction = ImpersonationAction::NoAction,
        /// Whom it redirects or copies to.
        mailbox_intelligence_action_recipients: List<Address> = List::default(),
        /// Whether a line warns of a similar user.
        enable_similar_users_safety_tips: bool = false,
        /// Whether a line warns of a similar domain.
        enable_similar_domains_safety_tips: bool = false,
        /// Whether a line warns of letters that look like others.
        enable_unusual_characters_safety_tips: bool = false,
        /// Senders that never imitate.
        excluded_senders: List<Address> = List::default(),
        /// Domains that never imitate; those below them are not meant.
        excluded_domains: Domains = Domains::default(),
        /// What a recipient may do with quarantined spoofs.
        spoof_quarantine_tag: Box<str> = FULL_ACCESS.into(),
        /// ... with imitations of users.
        targeted_user_quarantine_tag: Box<str> = FULL_ACCESS.into(),
        /// ... with imitations of domains.
        targeted_domain_quarantine_tag: Box<str> = FULL_ACCESS.into(),
        /// ... with what mailbox intelligence found.
        mailbox_intelligence_quarantine_tag: Box<str> = FULL_ACCESS.into(),
    }
}

scoped!(AntiPhishPolicy);
