//! What mends each cause, and what tells it from the others.
//!
//! Pure texts. Commands are ours word for word: nothing that a file says ever stands in one.

use posthouse_pki::repairs;
use posthouse_trace::Fix;
use posthouse_types::{ChainReason, ChainReport, MissingCertificate};

use crate::verdict::Cause;

/// What would show that it is this cause, and not another one.
pub(crate) fn tell_apart(cause: Cause) -> &'static str {
    match cause {
        Cause::ChainIncomplete => {
            "Look at what the handshake really sends: openssl s_server -verify 1 as a receiver, or \
             the CAPI2 log of the sending server. One certificate only, and not from a root itself: \
             it is this."
        }
        Cause::RootUntrusted => {
            "CAPI2 event 11: if its AdditionalStore holds every intermediate and the last element \
             is self-signed, the root is what is missing; otherwise it is not."
        }
        Cause::Expired => {
            "Compare NotAfter of the certificate and of each intermediate with the time of the \
             refusal."
        }
        Cause::NameMismatch => {
            "Compare the certificate's DNS names with TlsSenderCertificateName of the inbound \
             connector."
        }
        Cause::NoCertificate => {
            "Set the connector's protocol log to Verbose: without the line `Sending certificate` \
             none was sent."
        }
        Cause::PrivateKeyUnavailable => {
            "Get-ChildItem cert:\\LocalMachine\\My: HasPrivateKey must be True, and NETWORK SERVICE \
             must be able to read the key."
        }
        Cause::CertificateNotFound => {
            "Compare TlsCertificateName of the Send connector with issuer and subject of the \
             certificates that Get-ExchangeCertificate lists for SMTP."
        }
        Cause::AddressChanged => {
            "Compare the address in the server's EHLO reply (Hello [..]) with SenderIPAddresses of \
             the inbound connector."
        }
        Cause::SenderDomainNotAccepted => {
            "The reply then says ATTR36, or only messages of some sender domains are refused."
        }
        Cause::NoConnector => {
            "Get-InboundConnector: is there an enabled one of type OnPremises for this certificate \
             or address?"
        }
        Cause::TlsNotUsed => "The protocol log shows no STARTTLS between EHLO and MAIL.",
        Cause::None | Cause::Unknown => "",
    }
}

/// What a cause is easily mistaken for.
pub(crate) fn mistaken_for(cause: Cause) -> &'static [Cause] {
    match cause {
        Cause::ChainIncomplete => &[Cause::RootUntrusted],
        Cause::RootUntrusted => &[Cause::ChainIncomplete],
        Cause::PrivateKeyUnavailable => &[Cause::CertificateNotFound],
        Cause::NameMismatch => &[Cause::NoConnector],
        _ => &[],
    }
}

/// What to do. `missing` is the subject of the certificate that was not sent, and where to get it.
pub(crate) fn fixes(cause: Cause, missing: Option<(String, Vec<String>)>) -> Vec<Fix> {
    let of_chain = |reason| {
        let report = ChainReport { reason, ..ChainReport::no_certificate() };
        from_repairs(&report)
    };
    match cause {
        Cause::ChainIncomplete => {
            let (subject, get) = missing.unwrap_or_else(|| {
                ("the issuer that your certificate names".to_owned(), Vec::new())
            });
            from_repairs(&ChainReport {
                reason: ChainReason::ChainIncomplete,
                missing: Some(MissingCertificate {
                    subject,
                    key_id: None,
                    get,
                    in_store: false,
                    namesake_sent: false,
                }),
                ..ChainReport::no_certificate()
            })
        }
        Cause::RootUntrusted => of_chain(ChainReason::RootUntrusted),
        Cause::Expired => of_chain(ChainReason::Expired),
        Cause::NoCertificate => of_chain(ChainReason::NoCertificate),
        Cause::NameMismatch => name_mismatch(),
        Cause::PrivateKeyUnavailable => private_key(),
        Cause::CertificateNotFound => not_found(),
        Cause::AddressChanged => address_changed(),
        Cause::SenderDomainNotAccepted => sender_domain(),
        Cause::NoConnector => no_connector(),
        Cause::TlsNotUsed => tls_not_used(),
        Cause::Unknown => more_evidence(),
        Cause::None => Vec::new(),
    }
}

fn from_repairs(report: &ChainReport) -> Vec<Fix> {
    repairs(report)
        .into_iter()
        .map(|repair| Fix {
            platform: repair.platform.to_owned(),
            title: repair.title,
            steps: repair.steps,
            commands: repair.commands,
        })
        .collect()
}

fn fix(platform: &str, title: &str, steps: &[&str], commands: &[&str]) -> Fix {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Fix {
        platform: platform.to_owned(),
        title: title.to_owned(),
        steps: owned(steps),
        commands: owned(commands),
    }
}

/// KB 4051495: the connector must name what is sent.
fn name_mismatch() -> Vec<Fix> {
    vec![
        fix(
            "exchange-online",
            "Let the inbound connector name the certificate that is sent",
            &[
                "Compare TlsSenderCertificateName with the names in the certificate (the send log's \
                 `Certificate alternate names`). Set it to one of them; unless it is a wildcard, \
                 that name's domain must be an accepted domain.",
                "The change takes effect after some time, not at once.",
            ],
            &[
                "Get-InboundConnector | Format-List Name, Enabled, ConnectorType, \
                 TlsSenderCertificateName, SenderIPAddresses",
                "Set-InboundConnector -Identity \"<connector>\" -TlsSenderCertificateName \
                 \"<name in the certificate>\"",
            ],
        ),
        fix(
            "exchange",
            "Or send the certificate that the connector names",
            &["In a hybrid organisation run the Hybrid Configuration Wizard again and choose the \
                 new certificate as the transport certificate; otherwise name it on the Send \
                 connector yourself."],
            &[
                "Get-ExchangeCertificate | Format-List Thumbprint, NotAfter, Services, Subject, \
                 CertificateDomains",
                "Get-SendConnector | Format-List Name, Fqdn, TlsCertificateName",
                "Restart-Service MSExchangeTransport",
            ],
        ),
        fix(
            "posthouse",
            "Let the tenant's inbound connector name the certificate",
            &["Set tls_sender_certificate_name of the inbound connector and apply the file."],
            &["posthouse check --config node.toml"],
        ),
    ]
}

fn private_key() -> Vec<Fix> {
    vec![
        fix(
            "exchange",
            "Give the certificate its private key back",
            &[
                "Look whether the certificate has a private key. Without one, try certutil \
                 -repairstore with its thumbprint; where that does not help, import it again from \
                 the .pfx, into the computer's Personal store.",
                "With one, let NETWORK SERVICE read it (certlm.msc, All Tasks, Manage Private Keys).",
            ],
            &[
                "Get-ChildItem cert:\\LocalMachine\\My | Format-List Thumbprint, Subject, \
                 HasPrivateKey",
                "certutil -repairstore my \"<thumbprint>\"",
                "Restart-Service MSExchangeTransport",
            ],
        ),
        fix(
            "iis",
            "Give the certificate its private key back",
            &["As for Exchange; the certificate must be in the computer's Personal store."],
            &["certutil -repairstore my \"<thumbprint>\"", "Restart-Service SMTPSVC"],
        ),
        fix(
            "posthouse",
            "Name the key that belongs to the certificate",
            &["tls_key of the outbound connector must be the key of the first certificate in \
               tls_certificate, and readable to the node's user."],
            &["posthouse check --config node.toml"],
        ),
    ]
}

fn not_found() -> Vec<Fix> {
    vec![
        fix(
            "exchange",
            "Name a certificate that is there",
            &[
                "TlsCertificateName is `<I>`, the issuer, `<S>`, the subject. After a renewal by \
                 another issuer it names a certificate that is gone.",
                "Set it from the certificate itself; it must be enabled for SMTP.",
            ],
            &[
                "Get-ExchangeCertificate | Format-List Thumbprint, Issuer, Subject, Services",
                "$cert = Get-ExchangeCertificate -Thumbprint \"<thumbprint>\"",
                "Set-SendConnector \"<connector>\" -TlsCertificateName \
                 (\"<I>\" + $cert.Issuer + \"<S>\" + $cert.Subject)",
            ],
        ),
        fix(
            "posthouse",
            "Name a certificate file that is there",
            &["tls_certificate of the outbound connector must lead to a readable PEM file."],
            &["posthouse check --config node.toml"],
        ),
    ]
}

/// KB 4051495: a connector by address must list the address.
fn address_changed() -> Vec<Fix> {
    vec![
        fix(
            "exchange-online",
            "List the new address, or better: recognise the server by its certificate",
            &["An address may be shared or change again; a certificate is recommended."],
            &[
                "Get-InboundConnector | Format-List Name, SenderIPAddresses, \
                 TlsSenderCertificateName",
                "Set-InboundConnector -Identity \"<connector>\" -SenderIPAddresses \
                 \"<new address>\"",
            ],
        ),
        fix(
            "posthouse",
            "List the new address on the tenant's inbound connector",
            &["Add it to sender_ip_addresses and apply the file."],
            &["posthouse check --config node.toml"],
        ),
    ]
}

fn sender_domain() -> Vec<Fix> {
    vec![
        fix(
            "exchange-online",
            "Make the sender's domain, or the certificate's, an accepted domain",
            &[
                "A connector matched, but neither the domain of MAIL FROM nor the certificate's \
                 name belongs to the organisation. Add and verify one of them.",
                "Forwarded mail and reports (an empty sender) can be attributed by the \
                 certificate's name only.",
            ],
            &["Get-AcceptedDomain | Format-Table Name, DomainName, DomainType"],
        ),
        fix(
            "posthouse",
            "Add the domain to the tenant",
            &["Add it as an accepted domain and verify it."],
            &["posthouse domain verify <tenant> <domain>"],
        ),
    ]
}

fn no_connector() -> Vec<Fix> {
    vec![
        fix(
            "exchange-online",
            "Set up an inbound connector for this server",
            &["There must be an enabled inbound connector of type OnPremises that names the \
                 certificate or lists the address of this server."],
            &[
                "Get-InboundConnector | Format-List Name, Enabled, ConnectorType, \
                 TlsSenderCertificateName, SenderIPAddresses",
                "New-InboundConnector -Name \"From our server\" -ConnectorType OnPremises \
                 -SenderDomains * -RequireTls $true -TlsSenderCertificateName \
                 \"<name in the certificate>\"",
            ],
        ),
        fix(
            "posthouse",
            "Ask the gateway why no connector matched",
            &["The reference is the last word in the first brackets of the reply."],
            &["posthouse explain <reference> --config node.toml"],
        ),
    ]
}

fn tls_not_used() -> Vec<Fix> {
    vec![
        fix(
            "exchange",
            "Have the Send connector insist on TLS",
            &["If the server's EHLO reply offers no STARTTLS, look for a firewall that inspects \
                 SMTP and takes the word out."],
            &[
                "Get-SendConnector | Format-List Name, IgnoreSTARTTLS, RequireTLS, TlsAuthLevel",
                "Set-SendConnector \"<connector>\" -IgnoreSTARTTLS $false -RequireTLS $true",
            ],
        ),
        fix(
            "iis",
            "Turn on TLS for outbound mail",
            &["SMTP virtual server, Delivery, Outbound Security: TLS encryption."],
            &["Restart-Service SMTPSVC"],
        ),
        fix(
            "postfix",
            "Have Postfix insist on TLS towards this server",
            &["A client certificate is needed too (smtp_tls_chain_files)."],
            &["postconf -e smtp_tls_security_level=encrypt", "postfix reload"],
        ),
        fix(
            "posthouse",
            "Have the outbound connector insist on TLS",
            &[
                "Set tls_settings = \"encryption-only\" or stricter, and tls_certificate and tls_key.",
            ],
            &["posthouse check --config node.toml"],
        ),
    ]
}

/// What to collect so that the next look decides.
fn more_evidence() -> Vec<Fix> {
    vec![
        fix(
            "exchange",
            "Collect what decides, and look again",
            &["Set the Send connector's protocol log to Verbose and enable the CAPI2 log. Send a \
                 test message, then give both files, and the delivery report, to posthouse \
                 evidence."],
            &[
                "Set-SendConnector \"<connector>\" -ProtocolLoggingLevel Verbose",
                "wevtutil sl Microsoft-Windows-CAPI2/Operational /e:true",
                "wevtutil epl Microsoft-Windows-CAPI2/Operational C:\\import\\capi2.evtx",
            ],
        ),
        fix(
            "iis",
            "Collect what decides, and look again",
            &["IIS logs nothing about TLS: enable the CAPI2 log and send a test message."],
            &[
                "wevtutil sl Microsoft-Windows-CAPI2/Operational /e:true",
                "wevtutil epl Microsoft-Windows-CAPI2/Operational C:\\import\\capi2.evtx",
            ],
        ),
        fix(
            "posthouse",
            "Ask the gateway, where it is a posthouse",
            &["The reference is the last word in the first brackets of the reply."],
            &["posthouse explain <reference> --config node.toml"],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_repair_and_a_way_to_tell_it_apart() {
        for cause in Cause::ALL.into_iter().filter(|cause| *cause != Cause::None) {
            let fixes = fixes(cause, None);
            assert!(fixes.len() >= 2, "{cause}");
            assert!(fixes.iter().any(|fix| !fix.commands.is_empty()), "{cause}");
            assert_eq!(tell_apart(cause).is_empty(), cause == Cause::Unknown, "{cause}");
        }
    }

    #[test]
    fn no_command_holds_a_word_of_a_file() {
        let hostile = "CN=x\"; Remove-Item C:\\ -Recurse #".to_owned();
        for fix in fixes(Cause::ChainIncomplete, Some((hostile, vec!["http://a;b".to_owned()]))) {
            assert!(fix.commands.iter().all(|line| !line.contains("Remove-Item")), "{fix:?}");
        }
    }
}
