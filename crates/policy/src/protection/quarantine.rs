//! Quarantine policies (spec 3.2): what a recipient may do with a message in quarantine.
//!
//! Touches nothing. One rule stands above them all: nobody but an administrator releases malware
//! or phishing of high confidence (WEB-07).

use std::time::Duration;

use posthouse_types::{Decision, PolicyKind, Quarantine, QuarantineReason};

use super::GeneralProtection;
use super::values::settings;
use crate::tenant::Tenant;

/// Permission bits of Microsoft's EndUserQuarantinePermissionsValue.
pub mod permission {
    /// See the header.
    pub const VIEW_HEADER: u8 = 128;
    /// Take it out as a file. Not used.
    pub const DOWNLOAD: u8 = 64;
    /// Put its sender on one's safe list.
    pub const ALLOW_SENDER: u8 = 32;
    /// Put its sender on one's blocked list.
    pub const BLOCK_SENDER: u8 = 16;
    /// Ask an administrator for its release.
    pub const REQUEST_RELEASE: u8 = 8;
    /// Release it.
    pub const RELEASE: u8 = 4;
    /// See it.
    pub const PREVIEW: u8 = 2;
    /// Delete it.
    pub const DELETE: u8 = 1;
}

/// No access.
pub const NO_ACCESS: u8 = 0;
/// AllowSender, RequestRelease, Preview and Delete.
pub const LIMITED_ACCESS: u8 = 43;
/// AllowSender, Release, Preview and Delete.
pub const FULL_ACCESS_BITS: u8 = 39;

/// The built-in policy without any access.
pub const ADMIN_ONLY: &str = "AdminOnlyAccessPolicy";
/// The built-in policy with full access.
pub const FULL_ACCESS: &str = "DefaultFullAccessPolicy";
/// The same, and its recipient is told.
pub const FULL_ACCESS_NOTIFIED: &str = "DefaultFullAccessWithNotificationPolicy";

/// Name, permissions, notification (spec 3.2).
pub const BUILT_IN: [(&str, u8, bool); 4] = [
    (ADMIN_ONLY, NO_ACCESS, false),
    (FULL_ACCESS, FULL_ACCESS_BITS, false),
    (FULL_ACCESS_NOTIFIED, FULL_ACCESS_BITS, true),
    ("NotificationEnabledPolicy", FULL_ACCESS_BITS, true),
];

settings! {
    /// A quarantine policy of the tenant's own.
    QuarantinePolicy {
        /// Unique among these policies and the built-in ones, in any case.
        name: Box<str> = Box::default(),
        /// The sum of the permission bits.
        end_user_quarantine_permissions_value: u8 = NO_ACCESS,
        /// Whether its recipient is told.
        esn_enabled: bool = false,
    }
}

/// What a policy permits for a reason: a permission to release is one to request where only an
/// administrator may release.
pub fn permissions_for(permissions: u8, reason: QuarantineReason) -> u8 {
    if reason.is_admin_release_only() && permissions & permission::RELEASE != 0 {
        (permissions & !permission::RELEASE) | permission::REQUEST_RELEASE
    } else {
        permissions
    }
}

/// Microsoft's words for a message that is kept although, or because, its sender is on a list;
/// empty where none of them acted.
pub fn sender_override(decision: &Decision) -> &'static str {
    let blocked = || decision.overrides.iter().filter(|one| one.acted && !one.allows);
    if blocked().any(|one| one.policy == PolicyKind::User) {
        "Message sender is blocked by recipient settings"
    } else if blocked().next().is_some() {
        "Message sender is blocked by administrator settings"
    } else {
        ""
    }
}

impl Tenant {
    /// How soon a recipient is to be told of what is kept, where its quarantine policy says that it
    /// is told at all: long before it ends. Of senders that are blocked nobody wants to hear
    /// (IncludeMessagesFromBlockedSenderAddress, which is off in Exchange Online).
    pub fn notify_after(&self, decision: &Decision, kept: &Quarantine) -> Option<Duration> {
        let nothing_set = GeneralProtection::default();
        let general = self.protection().map_or(&nothing_set, |protection| &protection.general);
        let half = Duration::from_secs(u64::from(kept.retention_days) * 24 * 60 * 60 / 2);
        let is_told = kept.notifies && sender_override(decision).is_empty();
        is_told.then(|| general.notification_interval().min(half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_are_the_sums_of_their_bits() {
        use permission::*;
        for (group, bits) in [
            (NO_ACCESS, 0),
            (LIMITED_ACCESS, ALLOW_SENDER + REQUEST_RELEASE + PREVIEW + DELETE),
            (FULL_ACCESS_BITS, ALLOW_SENDER + RELEASE + PREVIEW + DELETE),
        ] {
            assert_eq!(group, bits);
        }
    }

    #[test]
    fn web_07_a_permission_to_release_malware_is_one_to_ask() {
        for (reason, permissions) in [
            (QuarantineReason::Malware, LIMITED_ACCESS),
            (QuarantineReason::HighConfidencePhish, LIMITED_ACCESS),
            (QuarantineReason::FileType, LIMITED_ACCESS),
            (QuarantineReason::Phish, FULL_ACCESS_BITS),
            (QuarantineReason::Spam, FULL_ACCESS_BITS),
            (QuarantineReason::Bulk, FULL_ACCESS_BITS),
            (QuarantineReason::Spoof, FULL_ACCESS_BITS),
        ] {
            assert_eq!(permissions_for(FULL_ACCESS_BITS, reason), permissions, "{reason:?}");
        }
        assert_eq!(permissions_for(NO_ACCESS, QuarantineReason::Malware), NO_ACCESS);
    }
}
