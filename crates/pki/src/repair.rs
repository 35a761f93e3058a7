//! What mends a chain, on the sender's platform: steps to do and commands to copy.
//!
//! Pure texts. Commands are ours word for word: nothing that a peer or a certificate says ever
//! stands in one (design decision 9); where a step names a certificate, the name is escaped.

use posthouse_types::{
    ChainReason, ChainReport, MissingCertificate, SHOWN_CHARACTERS_MAX, printable,
};

use crate::sentence::address;

/// One way to mend a chain, on one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// `exchange`, `iis`, `postfix`, `stunnel`, `nginx`, `pkcs12` (for whatever takes a .pfx) or
    /// `posthouse`.
    pub platform: &'static str,
    /// What it does, in a few words.
    pub title: String,
    /// What to do, in order, in sentences.
    pub steps: Vec<String>,
    /// Commands to copy, in order. File names in them are examples that the steps introduce.
    pub commands: Vec<String>,
}

/// The platforms that repairs are written for, in the order given.
const PLATFORMS: [&str; 7] =
    ["exchange", "iis", "postfix", "stunnel", "nginx", "pkcs12", "posthouse"];

/// What mends this chain, once for each platform; nothing for one that is accepted as it was sent.
/// One that counts only with our copy of an intermediate is still worth mending.
pub fn repairs(report: &ChainReport) -> Vec<Repair> {
    let repair = |platform| match (report.reason, &report.missing) {
        (ChainReason::ChainIncomplete | ChainReason::Ok, Some(missing)) => {
            send_chain(platform, missing)
        }
        (ChainReason::NoCertificate, _) => send_certificate(platform),
        _ => replace_certificate(platform, report.reason),
    };
    if report.is_accepted() && report.missing.is_none() {
        return Vec::new();
    }
    PLATFORMS.into_iter().map(repair).collect()
}

/// The missing intermediate is added to what the sender presents.
fn send_chain(platform: &'static str, missing: &MissingCertificate) -> Repair {
    let subject = printable(&missing.subject, SHOWN_CHARACTERS_MAX);
    let from = match address(missing) {
        Some(address) => format!(" from {}", printable(address, SHOWN_CHARACTERS_MAX)),
        None => " from the CA that issued your certificate".to_owned(),
    };
    let mut steps = vec![format!("Get the certificate of {subject}{from}.")];
    let (title, rest, commands) = match platform {
        "exchange" => (
            "Import the missing intermediate on the Exchange server",
            WINDOWS_STEPS,
            [WINDOWS_IMPORT, &["Restart-Service MSExchangeTransport"]].concat(),
        ),
        "iis" => (
            "Import the missing intermediate on the IIS SMTP server",
            WINDOWS_STEPS,
            [WINDOWS_IMPORT, &["Restart-Service SMTPSVC"]].concat(),
        ),
        "postfix" => (
            "Append the missing intermediate to the chain file of Postfix",
            POSTFIX_STEPS,
            [TO_PEM, POSTFIX_COMMANDS].concat(),
        ),
        "stunnel" => (
            "Append the missing intermediate to the certificate file of stunnel",
            STUNNEL_STEPS,
            [TO_PEM, STUNNEL_COMMANDS].concat(),
        ),
        "nginx" => (
            "Append the missing intermediate to the certificate file of nginx",
            NGINX_STEPS,
            [TO_PEM, NGINX_COMMANDS].concat(),
        ),
        "pkcs12" => (
            "Make a PKCS#12 file (.pfx) that holds the whole chain",
            PKCS12_STEPS,
            [TO_PEM, PKCS12_COMMANDS].concat(),
        ),
        _ => (
            "Complete the chain of the connector's certificate",
            POSTHOUSE_STEPS,
            [TO_PEM, POSTHOUSE_COMMANDS].concat(),
        ),
    };
    steps.extend(rest.iter().map(|&step| step.to_owned()));
    if !missing.in_store {
        steps.push(
            "If that certificate is the root itself, sending it does not help: the receiving side \
             must trust it. Ask its operator to, or use a certificate of a CA that it trusts."
                .to_owned(),
        );
    }
    Repair { platform, title: title.to_owned(), steps, commands: owned(commands) }
}

/// Microsoft's steps for mail that is refused because the chain was not sent (KB 3212877).
const WINDOWS_STEPS: &[&str] = &[
    "If this server shows the whole path all the same (certlm.msc, Personal, Certificates, your \
     certificate, Certification Path), export the intermediate from there: View Certificate, \
     Details, Copy to File, DER encoded binary X.509 (.CER).",
    "Save it as C:\\import\\intermediate.cer and import it into the Intermediate Certification \
     Authorities of the computer (not of the user), from an elevated PowerShell; certutil does \
     the same where the cmdlet is missing. What lies there, Windows sends.",
    "Restart the mail service, so that new connections send the chain.",
];

const WINDOWS_IMPORT: &[&str] = &[
    "Get-ChildItem -Path C:\\import\\intermediate.cer | Import-Certificate -CertStoreLocation \
     cert:\\LocalMachine\\CA",
    "certutil -addstore CA C:\\import\\intermediate.cer",
];

const POSTFIX_STEPS: &[&str] = &[
    "Save it as intermediate.cer and turn it into PEM (it may already be: then leave the first \
     command out).",
    "Append it to the file that smtp_tls_chain_files names (or smtp_tls_cert_file): the key, then \
     your own certificate, then each intermediate after the one that it signed. The root is not \
     needed.",
    "Reload Postfix.",
];

const POSTFIX_COMMANDS: &[&str] = &[
    "cat key.pem certificate.pem intermediate.pem > /etc/postfix/chain.pem",
    "chmod 600 /etc/postfix/chain.pem",
    "postconf -e smtp_tls_chain_files=/etc/postfix/chain.pem",
    "postfix reload",
];

const STUNNEL_STEPS: &[&str] = &[
    "Save it as intermediate.cer and turn it into PEM (it may already be: then leave the first \
     command out).",
    "Append it to the file that cert names in the service's section: your own certificate first, \
     then each intermediate after the one that it signed. CAfile is for judging the other side, \
     and sends nothing.",
    "Have stunnel read its configuration again.",
];

const STUNNEL_COMMANDS: &[&str] = &[
    "cat certificate.pem intermediate.pem > /etc/stunnel/chain.pem",
    "systemctl reload stunnel.target",
];

const NGINX_STEPS: &[&str] = &[
    "Save it as intermediate.cer and turn it into PEM (it may already be: then leave the first \
     command out).",
    "Append it to the file that proxy_ssl_certificate names (ssl_certificate where nginx is the \
     server): your own certificate first, then each intermediate after the one that it signed.",
    "Have nginx test and read its configuration again.",
];

const NGINX_COMMANDS: &[&str] =
    &["cat certificate.pem intermediate.pem > /etc/nginx/chain.pem", "nginx -t", "nginx -s reload"];

const PKCS12_STEPS: &[&str] = &[
    "Save it as intermediate.cer and turn it into PEM (it may already be: then leave the first \
     command out).",
    "Put key, certificate and intermediate into one file. On Windows, import it for the computer: \
     the intermediate then goes into the Intermediate Certification Authorities by itself.",
];

const PKCS12_COMMANDS: &[&str] = &[
    "openssl pkcs12 -export -inkey key.pem -in certificate.pem -certfile intermediate.pem -out \
     chain.pfx",
    "certutil -importpfx My C:\\import\\chain.pfx",
    "Import-PfxCertificate -FilePath C:\\import\\chain.pfx -CertStoreLocation \
     cert:\\LocalMachine\\My",
];

const POSTHOUSE_STEPS: &[&str] = &[
    "Where tls_certificate names a certificate of the personal store (personal:NAME), import the \
     intermediate into the ca store, or have it fetched and proven: posthouse cert obtain NAME \
     --yes.",
    "Where it names a PEM file, append the intermediate there: what the file holds is what is \
     sent, your own certificate first. The change is noticed without a restart in both cases.",
];

const POSTHOUSE_COMMANDS: &[&str] =
    &["posthouse cert import intermediate.cer", "cat intermediate.pem >> certificate.pem"];

const TO_PEM: &[&str] = &["openssl x509 -inform DER -in intermediate.cer -out intermediate.pem"];

/// The sender presents no certificate at all.
fn send_certificate(platform: &'static str) -> Repair {
    let (title, step, commands): (_, _, &[&str]) = match platform {
        "exchange" => (
            "Have the Send connector present a certificate",
            "Enable a certificate for SMTP and name it on the Send connector: TlsCertificateName \
             is `<I>` and its issuer, then `<S>` and its subject. Its private key must be there, \
             and readable to the transport service.",
            &[
                "Get-ExchangeCertificate | Format-List Thumbprint, Services, Subject, Issuer",
                "Get-SendConnector | Format-List Name, Fqdn, TlsCertificateName, RequireTLS",
            ],
        ),
        "iis" => (
            "Have the SMTP service present a certificate",
            "Put a certificate with its private key into the computer's Personal store, named as \
             the SMTP virtual server is, turn on outbound TLS, and restart the service.",
            &["Get-ChildItem cert:\\LocalMachine\\My", "Restart-Service SMTPSVC"],
        ),
        "postfix" => (
            "Have Postfix present a certificate",
            "Put the key, your certificate and its intermediates into one PEM file, in this order, \
             and name it for outgoing mail. Postfix has no client certificate by default.",
            &[
                "postconf -e smtp_tls_chain_files=/etc/postfix/chain.pem",
                "postconf -e smtp_tls_security_level=encrypt",
                "postfix reload",
            ],
        ),
        "stunnel" => (
            "Have stunnel present a certificate",
            "Name certificate and key in the section of the service, which has client = yes.",
            &["grep -n -e client -e cert -e key /etc/stunnel/stunnel.conf"],
        ),
        "nginx" => (
            "Have nginx present a certificate",
            "Set proxy_ssl on, proxy_ssl_certificate (your certificate, then its intermediates) and \
             proxy_ssl_certificate_key where nginx connects onward.",
            &["nginx -t", "nginx -s reload"],
        ),
        "pkcs12" => (
            "Have a PKCS#12 file (.pfx) with key and whole chain",
            "Put key, certificate and intermediates into one file, and import it where the mail \
             service looks for its certificate.",
            &["openssl pkcs12 -export -inkey key.pem -in certificate.pem -certfile \
                 intermediate.pem -out chain.pfx"],
        ),
        _ => (
            "Have the outbound connector present a certificate",
            "Set tls_certificate on the outbound connector: personal:NAME of the personal store, or \
             a PEM file (your certificate first, then its intermediates) with tls_key.",
            &[],
        ),
    };
    let steps = vec![step.to_owned()];
    Repair { platform, title: title.to_owned(), steps, commands: owned(commands.to_vec()) }
}

/// No file that is added would help: the certificate itself, or one above it, must be another.
fn replace_certificate(platform: &'static str, reason: ChainReason) -> Repair {
    let (step, commands): (_, &[&str]) = match platform {
        "exchange" => (
            "Import the new certificate, enable it for SMTP, and name it on the Send connector \
             (TlsCertificateName).",
            &[
                "Get-ExchangeCertificate | Format-List Thumbprint, NotAfter, Services, Subject",
                "Restart-Service MSExchangeTransport",
            ],
        ),
        "iis" => (
            "Put the new certificate with its private key into the computer's Personal store, and \
             remove the old one, so that the service cannot choose it.",
            &["Get-ChildItem cert:\\LocalMachine\\My", "Restart-Service SMTPSVC"],
        ),
        "postfix" => (
            "Replace the file that smtp_tls_chain_files names (key, certificate, intermediates) and \
             reload Postfix.",
            &["postconf smtp_tls_chain_files smtp_tls_cert_file", "postfix reload"],
        ),
        "stunnel" => (
            "Replace the files that cert and key name, and have stunnel read its configuration \
             again.",
            &["systemctl reload stunnel.target"],
        ),
        "nginx" => (
            "Replace the files that proxy_ssl_certificate and proxy_ssl_certificate_key name, and \
             have nginx read its configuration again.",
            &["nginx -t", "nginx -s reload"],
        ),
        "pkcs12" => (
            "Export the new certificate with its key and chain as .pfx, and import it in place of \
             the old one.",
            &["openssl pkcs12 -export -inkey key.pem -in certificate.pem -certfile \
                 intermediate.pem -out chain.pfx"],
        ),
        _ => (
            "Import the new certificate in place of the old one where tls_certificate names \
             personal:NAME; else replace the files that tls_certificate and tls_key name. The \
             change is noticed without a restart.",
            &["posthouse cert import certificate.pem --key key.pem --name NAME --replace"],
        ),
    };
    Repair {
        platform,
        title: "Present a certificate and chain that can be accepted".to_owned(),
        steps: vec![cause(reason).to_owned(), step.to_owned()],
        commands: owned(commands.to_vec()),
    }
}

/// What to ask for, by reason.
fn cause(reason: ChainReason) -> &'static str {
    match reason {
        ChainReason::RootUntrusted => {
            "Use a certificate of a CA that the receiving side trusts, or ask its operator to \
             trust the root of yours."
        }
        ChainReason::SelfSigned => {
            "Get a certificate from a CA that the receiving side trusts, or ask its operator to \
             trust this very one."
        }
        ChainReason::Expired => {
            "Renew the certificate that has expired. Where it is an intermediate, get its current \
             edition from the CA. If it has not expired, correct the clock."
        }
        ChainReason::NotYetValid => {
            "Compare the clocks of both sides first; then wait until the certificate is valid, or \
             present the one before it."
        }
        ChainReason::SignatureInvalid | ChainReason::Malformed => {
            "Export the certificate and its intermediates again from where they were issued: a \
             copy is damaged, or from another CA of the same name."
        }
        ChainReason::IssuerNotACa
        | ChainReason::PathTooLong
        | ChainReason::NameConstraint
        | ChainReason::UnknownCriticalExtension => {
            "Have the certificate issued anew, by a CA that may issue it: the present chain breaks \
             a rule that one of its CAs has set."
        }
        ChainReason::NameMismatch => {
            "Get a certificate that holds the name that the connector asks for, or correct the \
             name there."
        }
        ChainReason::AlgorithmWeak => {
            "Get a certificate with a key of RSA 2048 or ECDSA P-256 at least, signed with SHA-256 \
             or better all the way up."
        }
        ChainReason::UsageNotPermitted => {
            "Get a certificate for a server, not a CA's own, whose extended key usage holds client \
             or server authentication."
        }
        ChainReason::Revoked => "Get a new certificate with a new key: this one is revoked.",
        ChainReason::Ok | ChainReason::NoCertificate | ChainReason::ChainIncomplete => {
            "Send your certificate and each intermediate up to the root."
        }
    }
}

fn owned(commands: Vec<&str>) -> Vec<String> {
    commands.into_iter().map(str::to_owned).collect()
}
