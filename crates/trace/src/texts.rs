//! All words that the renderers add of their own, in one place: a second language is a second
//! table. Names and codes that programs compare (result texts, status bits) stay English.

/// Words of an explanation.
pub(crate) struct ExplainTexts {
    pub(crate) reply: &'static str,
    pub(crate) why: &'static str,
    pub(crate) peer: &'static str,
    pub(crate) no_tls: &'static str,
    pub(crate) from: &'static str,
    pub(crate) null_sender: &'static str,
    pub(crate) to: &'static str,
    pub(crate) chain: &'static str,
    pub(crate) nothing_sent: &'static str,
    pub(crate) not_sent: &'static str,
    pub(crate) key_id: &'static str,
    pub(crate) get: &'static str,
    pub(crate) in_store: &'static str,
    pub(crate) namesake: &'static str,
    pub(crate) trusted_root: &'static str,
    pub(crate) origins: &'static [(&'static str, &'static str)],
    pub(crate) windows_error: &'static str,
    pub(crate) connectors: &'static str,
    pub(crate) connector_columns: [&'static str; 5],
    pub(crate) matched: &'static str,
    pub(crate) not_matched: &'static str,
    pub(crate) no_connectors: &'static str,
    pub(crate) repair: &'static str,
    pub(crate) no_name: &'static str,
    pub(crate) issuer: &'static str,
    pub(crate) key: &'static str,
    pub(crate) signature: &'static str,
    pub(crate) signed_by: &'static str,
}

/// Words of a diagnosis, beside those of an explanation.
pub(crate) struct DiagnosisTexts {
    pub(crate) accepted: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) warning: &'static str,
    pub(crate) note: &'static str,
    pub(crate) warnings: &'static [(&'static str, &'static str)],
}

/// English.
pub(crate) const ENGLISH: ExplainTexts = ExplainTexts {
    reply: "Reply",
    why: "Why",
    peer: "Peer",
    no_tls: "no TLS",
    from: "From",
    null_sender: "<> (a report or an automatic message)",
    to: "To",
    chain: "Certificate chain",
    nothing_sent: "(no certificate was sent)",
    not_sent: "not sent",
    key_id: "key id",
    get: "get",
    in_store: "a copy is in this node's store, but counts only where the connector says \"repair\"",
    namesake: "a certificate of this name but with another key was sent",
    trusted_root: "a trusted root",
    origins: &[
        ("sent", "sent"),
        ("root", "root, trusted here"),
        ("store", "not sent, from this node's store"),
    ],
    windows_error: "Windows shows this as error",
    connectors: "Connectors",
    connector_columns: ["connector", "tenant", "type", "matched", "why"],
    matched: "yes",
    not_matched: "no",
    no_connectors: "(none was considered)",
    repair: "Repair",
    no_name: "(without a name)",
    issuer: "issued by",
    key: "key",
    signature: "signed with",
    signed_by: "by key id",
};

/// German.
pub(crate) const GERMAN: ExplainTexts = ExplainTexts {
    reply: "Antwort",
    why: "Warum",
    peer: "Gegenüber",
    no_tls: "kein TLS",
    from: "Von",
    null_sender: "<> (ein Bericht oder eine automatische Nachricht)",
    to: "An",
    chain: "Zertifikatskette",
    nothing_sent: "(kein Zertifikat wurde gesendet)",
    not_sent: "nicht gesendet",
    key_id: "Schlüssel-ID",
    get: "hier",
    in_store: "eine Kopie liegt im Speicher dieses Knotens, zählt aber nur, wo der Konnektor \
               \"repair\" sagt",
    namesake: "ein Zertifikat dieses Namens, aber mit anderem Schlüssel, wurde gesendet",
    trusted_root: "eine vertraute Wurzel",
    origins: &[
        ("sent", "gesendet"),
        ("root", "Wurzel, hier vertraut"),
        ("store", "nicht gesendet, aus dem Speicher dieses Knotens"),
    ],
    windows_error: "Windows zeigt dafür den Fehler",
    connectors: "Konnektoren",
    connector_columns: ["Konnektor", "Mandant", "Art", "passt", "warum"],
    matched: "ja",
    not_matched: "nein",
    no_connectors: "(keiner kam in Frage)",
    repair: "Abhilfe",
    no_name: "(ohne Namen)",
    issuer: "ausgestellt von",
    key: "Schlüssel",
    signature: "signiert mit",
    signed_by: "vom Schlüssel",
};

/// English.
pub(crate) const DIAGNOSIS_ENGLISH: DiagnosisTexts = DiagnosisTexts {
    accepted: "Accepted",
    refused: "Refused",
    warning: "Warning",
    note: "Note",
    warnings: &[
        ("out-of-order", "send each certificate before the one that signed it"),
        ("root-sent", "the root was sent too: whoever trusts it has it already"),
        ("unrelated-certificate", "a certificate was sent that belongs to no path from the first"),
        (
            "no-client-auth-usage",
            "the extended key usage leaves client authentication out: enough here, but not \
             everywhere",
        ),
        ("expires-soon", "a certificate on the path expires within 30 days"),
        ("namesake-trusted", "a trusted root has the name that was looked for, but another key"),
        ("not-looked-at", "more was sent than is looked at"),
        ("key-unusable", "the key is too weak or of no known kind: a TLS handshake with it fails"),
        (
            "completed-from-store",
            "the path is whole only with a copy from the store; elsewhere this chain is refused",
        ),
        ("crl-stale", "a revocation list that was consulted should have been renewed by now"),
        (
            "crl-unusable",
            "a revocation list bears the name of an issuer on the path, but is not signed by it",
        ),
        ("revocation-unknown", "no revocation list speaks of the first certificate"),
    ],
};

/// What Windows says to its result codes (winerror.h), as event logs print it.
pub(crate) const RESULTS: &[(&str, &str)] = &[
    (
        "800B0101",
        "A required certificate is not within its validity period when verifying against the \
         current system clock or the timestamp in the signed file.",
    ),
    ("800B0102", "The validity periods of the certification chain do not nest correctly."),
    (
        "800B0103",
        "A certificate that can only be used as an end-entity is being used as a CA or vice versa.",
    ),
    ("800B0105", "A certificate contains an unknown extension that is marked 'critical'."),
    (
        "800B0106",
        "A certificate is being used for a purpose other than the ones specified by its CA.",
    ),
    (
        "800B0109",
        "A certificate chain processed, but terminated in a root certificate which is not trusted \
         by the trust provider.",
    ),
    ("800B010A", "A certificate chain could not be built to a trusted root authority."),
    ("800B010C", "A certificate was explicitly revoked by its issuer."),
    (
        "800B010D",
        "The certification path terminates with the test root which is not trusted with the \
         current policy settings.",
    ),
    (
        "800B010E",
        "The revocation process could not continue - the certificate(s) could not be checked.",
    ),
    ("800B010F", "The certificate's CN name does not match the passed value."),
    ("800B0110", "The certificate is not valid for the requested usage."),
    ("800B0113", "The certificate has invalid policy."),
    (
        "800B0114",
        "The certificate has an invalid name. The name is not included in the permitted list or is \
         explicitly excluded.",
    ),
    ("80096004", "The signature of the certificate cannot be verified."),
    ("80096019", "A certificate's basic constraint extension has not been observed."),
    ("80092010", "The certificate is revoked."),
    ("80092012", "The revocation function was unable to check revocation for the certificate."),
    (
        "80092013",
        "The revocation function was unable to check revocation because the revocation server was \
         offline.",
    ),
];

/// CERT_TRUST_* error bits (wincrypt.h), as attributes of an event.
pub(crate) const TRUST_ERRORS: &[(u32, &str)] = &[
    (0x1, "CERT_TRUST_IS_NOT_TIME_VALID"),
    (0x4, "CERT_TRUST_IS_REVOKED"),
    (0x8, "CERT_TRUST_IS_NOT_SIGNATURE_VALID"),
    (0x10, "CERT_TRUST_IS_NOT_VALID_FOR_USAGE"),
    (0x20, "CERT_TRUST_IS_UNTRUSTED_ROOT"),
    (0x40, "CERT_TRUST_REVOCATION_STATUS_UNKNOWN"),
    (0x80, "CERT_TRUST_IS_CYCLIC"),
    (0x100, "CERT_TRUST_INVALID_EXTENSION"),
    (0x200, "CERT_TRUST_INVALID_POLICY_CONSTRAINTS"),
    (0x400, "CERT_TRUST_INVALID_BASIC_CONSTRAINTS"),
    (0x800, "CERT_TRUST_INVALID_NAME_CONSTRAINTS"),
    (0x1_0000, "CERT_TRUST_IS_PARTIAL_CHAIN"),
    (0x10_0000, "CERT_TRUST_HAS_WEAK_SIGNATURE"),
    (0x100_0000, "CERT_TRUST_IS_OFFLINE_REVOCATION"),
    (0x400_0000, "CERT_TRUST_IS_EXPLICIT_DISTRUST"),
    (0x800_0000, "CERT_TRUST_HAS_NOT_SUPPORTED_CRITICAL_EXT"),
];

/// CERT_TRUST_* information bits.
pub(crate) const TRUST_INFOS: &[(u32, &str)] = &[
    (0x1, "CERT_TRUST_HAS_EXACT_MATCH_ISSUER"),
    (0x2, "CERT_TRUST_HAS_KEY_MATCH_ISSUER"),
    (0x4, "CERT_TRUST_HAS_NAME_MATCH_ISSUER"),
    (0x8, "CERT_TRUST_IS_SELF_SIGNED"),
    (0x100, "CERT_TRUST_HAS_PREFERRED_ISSUER"),
];

/// The usages of which one must be among a certificate's, if it names any.
pub(crate) const USAGES: &[(&str, &str)] = &[
    ("1.3.6.1.5.5.7.3.2", "Client Authentication"),
    ("1.3.6.1.5.5.7.3.1", "Server Authentication"),
];
