//! The texts of a report's part for people: cause and repair by status code, English and German.
//! Only texts. A new row needs its line in `advice::by_status`.

use super::advice::{Advice, Phrase, Who};

pub(super) static CHAIN_INCOMPLETE: Advice = Advice {
    cause: Phrase {
        english: "Your organization's mail server did not send its complete certificate chain. The \
                  certificate that signed its own one is missing, so the next server could not \
                  tell which organization is sending, and refused to relay the message.",
        german: "Der Mailserver Ihrer Organisation hat seine Zertifikatskette nicht vollständig \
                 gesendet. Das Zertifikat, mit dem sein eigenes signiert ist, fehlt; deshalb konnte \
                 der nächste Server nicht erkennen, welche Organisation sendet, und hat die \
                 Weiterleitung abgelehnt.",
    },
    who: Who::SenderAdministrator,
    fix: Phrase {
        english: "Get the missing intermediate certificate from the authority that issued the \
                  server's certificate and install it on the sending server. Exchange and IIS: \
                  import it into the store \"Intermediate Certification Authorities\" of the local \
                  computer. Postfix: append it to the file in smtp_tls_chain_files or \
                  smtp_tls_cert_file. posthouse: append it to the file in tls_certificate. Then \
                  send the message again.",
        german: "Besorgen Sie das fehlende Zwischenzertifikat bei der Stelle, die das Zertifikat \
                 des Servers ausgestellt hat, und installieren Sie es auf dem sendenden Server. \
                 Exchange und IIS: in den Speicher \"Zwischenzertifizierungsstellen\" des lokalen \
                 Computers importieren. Postfix: an die Datei aus smtp_tls_chain_files oder \
                 smtp_tls_cert_file anhängen. posthouse: an die Datei aus tls_certificate anhängen. \
                 Senden Sie die Nachricht danach erneut.",
    },
};

pub(super) static RELAY_DENIED: Advice = Advice {
    cause: Phrase {
        english: "The next server did not recognize your organization's mail server and refused \
                  to relay the message. Neither the certificate that your server showed nor its \
                  address belongs to a connector there.",
        german: "Der nächste Server hat den Mailserver Ihrer Organisation nicht erkannt und die \
                 Weiterleitung abgelehnt. Weder das gezeigte Zertifikat noch die Adresse Ihres \
                 Servers gehört dort zu einem Connector.",
    },
    who: Who::SenderAdministrator,
    fix: Phrase {
        english: "Compare the certificate that the sending server really sends, with all of its \
                  intermediates, with the certificate name of the inbound connector, and the \
                  server's public address with the connector's addresses. After a certificate was \
                  renewed under another name or an address has changed, change the connector.",
        german: "Vergleichen Sie das Zertifikat, das der sendende Server tatsächlich sendet, samt \
                 allen Zwischenzertifikaten mit dem Zertifikatsnamen des eingehenden Connectors, \
                 und die öffentliche Adresse des Servers mit den Adressen des Connectors. Wurde das \
                 Zertifikat unter anderem Namen erneuert oder hat sich die Adresse geändert, passen \
                 Sie den Connector an.",
    },
};

pub(super) static SENDER_DOMAIN: Advice = Advice {
    cause: Phrase {
        english: "The next server recognized your organization's mail server, but neither the \
                  domain of the sender's address nor that of the certificate is an accepted domain \
                  of your organization there.",
        german: "Der nächste Server hat den Mailserver Ihrer Organisation erkannt, aber weder die \
                 Domäne der Absenderadresse noch die des Zertifikats ist dort eine akzeptierte \
                 Domäne Ihrer Organisation.",
    },
    who: Who::SenderAdministrator,
    fix: Phrase {
        english: "Add and verify the sender's domain as an accepted domain, or use a certificate \
                  whose name belongs to one. Forwarded messages keep a foreign sender and need the \
                  certificate.",
        german: "Tragen Sie die Domäne des Absenders als akzeptierte Domäne ein und bestätigen Sie \
                 sie, oder verwenden Sie ein Zertifikat, dessen Name zu einer solchen gehört. \
                 Weitergeleitete Nachrichten behalten fremde Absender und brauchen das Zertifikat.",
    },
};

pub(super) static PARTNER_RESTRICTED: Advice = Advice {
    cause: Phrase {
        english: "The recipient's organization accepts mail for this domain only from certain \
                  servers, and yours showed neither the certificate nor the address that it expects.",
        german: "Die Organisation des Empfängers nimmt Nachrichten für diese Domäne nur von \
                 bestimmten Servern an; Ihrer hat weder das erwartete Zertifikat gezeigt noch die \
                 erwartete Adresse.",
    },
    who: Who::SenderAdministrator,
    fix: Phrase {
        english: "Make the certificate of the sending connector match the certificate name that \
                  the other side's connector demands, or ask its administrator to change the \
                  connector's restriction.",
        german: "Sorgen Sie dafür, dass das Zertifikat des sendenden Connectors zum Zertifikatsnamen \
                 passt, den der Connector der Gegenseite verlangt, oder bitten Sie deren \
                 Administrator, die Einschränkung anzupassen.",
    },
};

pub(super) static NO_RECIPIENT: Advice = Advice {
    cause: Phrase {
        english: "The address does not exist at the recipient's mail server.",
        german: "Die Adresse gibt es auf dem Mailserver des Empfängers nicht.",
    },
    who: Who::Sender,
    fix: Phrase {
        english: "Check the spelling of the address, remove it from your list of suggestions, type \
                  it anew and send the message again. If it is right, reach the recipient another \
                  way: the mailbox may have moved.",
        german: "Prüfen Sie die Schreibweise der Adresse, entfernen Sie sie aus Ihrer \
                 Vorschlagsliste, geben Sie sie neu ein und senden Sie die Nachricht erneut. Stimmt \
                 sie, fragen Sie den Empfänger auf anderem Weg: Das Postfach kann umgezogen sein.",
    },
};

pub(super) static NOT_HOSTED: Advice = Advice {
    cause: Phrase {
        english: "The server that was asked does not accept mail for the recipient's domain. \
                  Usually the domain's MX record leads to the wrong server, or the domain is not \
                  set up there.",
        german: "Der gefragte Server nimmt für die Domäne des Empfängers keine Nachrichten an. Meist \
                 führt der MX-Eintrag der Domäne zum falschen Server, oder die Domäne ist dort nicht \
                 eingerichtet.",
    },
    who: Who::RecipientAdministrator,
    fix: Phrase {
        english: "Correct the domain's MX record, or add the domain to the accepted domains of the \
                  server that it names.",
        german: "Korrigieren Sie den MX-Eintrag der Domäne, oder tragen Sie die Domäne auf dem \
                 Server ein, den er nennt.",
    },
};

pub(super) static NO_ROUTE: Advice = Advice {
    cause: Phrase {
        english: "No mail server could be found for the recipient's domain.",
        german: "Für die Domäne des Empfängers wurde kein Mailserver gefunden.",
    },
    who: Who::Sender,
    fix: Phrase {
        english: "Check the part of the address after the @. If it is right, the recipient's \
                  administrator has to repair the domain's DNS records, or yours the connector \
                  that leads there.",
        german: "Prüfen Sie den Teil der Adresse nach dem @. Stimmt er, muss der Administrator des \
                 Empfängers die DNS-Einträge der Domäne berichtigen oder Ihr eigener den Connector, \
                 der dorthin führt.",
    },
};

pub(super) static MAILBOX_FULL: Advice = Advice {
    cause: Phrase {
        english: "The recipient's mailbox is full.",
        german: "Das Postfach des Empfängers ist voll.",
    },
    who: Who::Sender,
    fix: Phrase {
        english: "Tell the recipient another way, and send the message again once there is room.",
        german: "Benachrichtigen Sie den Empfänger auf anderem Weg und senden Sie die Nachricht \
                 erneut, sobald wieder Platz ist.",
    },
};

pub(super) static TOO_LARGE: Advice = Advice {
    cause: Phrase {
        english: "The message is larger than the recipient's side accepts.",
        german: "Die Nachricht ist größer, als die Seite des Empfängers annimmt.",
    },
    who: Who::Sender,
    fix: Phrase {
        english: "Make the attachments smaller, divide them among several messages, or send a link.",
        german: "Verkleinern Sie die Anlagen, verteilen Sie sie auf mehrere Nachrichten, oder senden \
                 Sie einen Link.",
    },
};

pub(super) static EXPIRED: Advice = Advice {
    cause: Phrase {
        english: "The message was tried for as long as allowed, without success. The last answer, \
                  if there was one, stands below.",
        german: "Die Zustellung wurde so lange wie vorgesehen versucht, ohne Erfolg. Die letzte \
                 Antwort, falls es eine gab, steht unten.",
    },
    who: Who::RecipientAdministrator,
    fix: Phrase {
        english: "Find out why the recipient's server could not be reached or always asked to come \
                  back later; then send the message again.",
        german: "Finden Sie heraus, warum der Server des Empfängers nicht erreichbar war oder stets \
                 auf später verwies; senden Sie die Nachricht danach erneut.",
    },
};

pub(super) static LOOP: Advice = Advice {
    cause: Phrase {
        english: "The message went in circles: two or more servers pass the recipient's mail to \
                  each other.",
        german: "Die Nachricht lief im Kreis: Zwei oder mehr Server reichen die Nachrichten für den \
                 Empfänger aneinander weiter.",
    },
    who: Who::RecipientAdministrator,
    fix: Phrase {
        english: "Find the servers that repeat in the Received lines of the header below, and \
                  correct the forwarding rule, the connector or the MX record that sends the mail \
                  back.",
        german: "Suchen Sie in den Received-Zeilen des Headers unten die Server, die sich \
                 wiederholen, und berichtigen Sie die Weiterleitung, den Connector oder den \
                 MX-Eintrag, der zurückführt.",
    },
};

pub(super) static UTF8: Advice = Advice {
    cause: Phrase {
        english: "An address of this message holds letters beyond ASCII, and the recipient's server \
                  cannot handle them (SMTPUTF8).",
        german: "Eine Adresse dieser Nachricht enthält Zeichen außerhalb von ASCII, und der Server \
                 des Empfängers kann damit nicht umgehen (SMTPUTF8).",
    },
    who: Who::Sender,
    fix: Phrase {
        english: "Use another address of the recipient, or send from one that is plain ASCII.",
        german: "Verwenden Sie eine andere Adresse des Empfängers, oder senden Sie von einer Adresse \
                 aus reinem ASCII.",
    },
};

pub(super) static NOT_PERMITTED: Advice = Advice {
    cause: Phrase {
        english: "The recipient's server does not permit this sender to send to this recipient, or \
                  does not relay for your server.",
        german: "Der Server des Empfängers erlaubt diesem Absender nicht, an diesen Empfänger zu \
                 senden, oder leitet für Ihren Server nicht weiter.",
    },
    who: Who::RecipientAdministrator,
    fix: Phrase {
        english: "Ask the recipient's administrator to permit it. If the server below is your own \
                  smart host, it has to permit your server to relay.",
        german: "Bitten Sie den Administrator des Empfängers um die Erlaubnis. Ist der unten \
                 genannte Server Ihr eigener Smarthost, muss dieser Ihrem Server das Weiterleiten \
                 erlauben.",
    },
};

pub(super) static TLS: Advice = Advice {
    cause: Phrase {
        english: "No encrypted connection of the kind that is required could be made: one side \
                  offers no TLS, or its certificate is not accepted.",
        german: "Es kam keine verschlüsselte Verbindung der verlangten Art zustande: Eine Seite \
                 bietet kein TLS an, oder ihr Zertifikat wird nicht anerkannt.",
    },
    who: Who::RecipientAdministrator,
    fix: Phrase {
        english: "The certificate of the server below must be valid, carry the expected name, and \
                  be sent with all its intermediates; the other side will not fetch them.",
        german: "Das Zertifikat des unten genannten Servers muss gültig sein, den erwarteten Namen \
                 tragen und mit allen Zwischenzertifikaten gesendet werden; die Gegenseite holt sie \
                 nicht.",
    },
};

pub(super) static NOT_AUTHENTICATED: Advice = Advice {
    cause: Phrase {
        english: "The recipient's server could not confirm that your server may send for your \
                  domain (SPF, DKIM or DMARC).",
        german: "Der Server des Empfängers konnte nicht bestätigen, dass Ihr Server für Ihre Domäne \
                 senden darf (SPF, DKIM oder DMARC).",
    },
    who: Who::SenderAdministrator,
    fix: Phrase {
        english: "Add the sending address to the domain's SPF record, and sign with DKIM.",
        german: "Nehmen Sie die sendende Adresse in den SPF-Eintrag der Domäne auf, und signieren \
                 Sie mit DKIM.",
    },
};

pub(super) static POLICY: Advice = Advice {
    cause: Phrase {
        english: "The recipient's server refused the message for reasons of security or policy.",
        german: "Der Server des Empfängers hat die Nachricht aus Gründen der Sicherheit oder einer \
                 Richtlinie abgelehnt.",
    },
    who: Who::RecipientAdministrator,
    fix: Phrase {
        english: "Its own words below say more. Forward this report to your administrator.",
        german: "Seine eigenen Worte unten sagen mehr. Leiten Sie diesen Bericht an Ihren \
                 Administrator weiter.",
    },
};

pub(super) static TEMPORARY: Advice = Advice {
    cause: Phrase {
        english: "The recipient's server cannot take the message for now.",
        german: "Der Server des Empfängers kann die Nachricht zurzeit nicht annehmen.",
    },
    who: Who::RecipientAdministrator,
    fix: Phrase {
        english: "Such faults often pass by themselves. If this one lasts, forward this report to \
                  your administrator.",
        german: "Solche Störungen vergehen oft von selbst. Hält diese an, leiten Sie diesen Bericht \
                 an Ihren Administrator weiter.",
    },
};

pub(super) static PERMANENT: Advice = Advice {
    cause: Phrase {
        english: "The recipient's server refused the message for good.",
        german: "Der Server des Empfängers hat die Nachricht endgültig abgelehnt.",
    },
    who: Who::RecipientAdministrator,
    fix: Phrase {
        english: "Its own words below say more. If they do not help, forward this report to your \
                  administrator.",
        german: "Seine eigenen Worte unten sagen mehr. Helfen sie nicht, leiten Sie diesen Bericht \
                 an Ihren Administrator weiter.",
    },
};
