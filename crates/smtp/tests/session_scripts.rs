//! Golden transcripts of whole sessions: what the peer says (`C:`), what it is told (`S:`), and
//! what the caller of the core is told (the bare lines), in order.

mod server_support;

use server_support::{options, play};

#[test]
fn a_message_is_taken_step_by_step() {
    play(
        options(),
        r#"
        S: 220 mx.gateway.example ESMTP posthouse
        C: EHLO mail.contoso.example
        S: 250-mx.gateway.example Hello [192.0.2.1]
        S: 250-SIZE 37748736
        S: 250-PIPELINING
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-STARTTLS
        S: 250-8BITMIME
        S: 250-CHUNKING
        S: 250 SMTPUTF8
        C: MAIL FROM:<Alice@Contoso.Example> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=x+20y
        mail Alice@contoso.example
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<bob@fabrikam.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@fabrikam.example
        recipient bob@fabrikam.example
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 Start mail input; end with <CRLF>.<CRLF>
        C: Subject: hello
        C:
        C: ..dot
        C: .
        message "Subject: hello\r\n\r\n.dot\r\n"
        S: 250 2.6.0 Queued
        C: QUIT
        S: 221 2.0.0 Service closing transmission channel
        close
        "#,
    );
}

#[test]
fn smtp_06_tls_forgets_everything_that_was_said_in_clear() {
    play(
        options(),
        r#"
        S: 220 mx.gateway.example ESMTP posthouse
        C: EHLO a.example
        S: 250-mx.gateway.example Hello [192.0.2.1]
        S: 250-SIZE 37748736
        S: 250-PIPELINING
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-STARTTLS
        S: 250-8BITMIME
        S: 250-CHUNKING
        S: 250 SMTPUTF8
        C: MAIL FROM:<a@b.example>
        mail a@b.example
        S: 250 2.1.0 Sender OK
        C: STARTTLS
        discard
        S: 220 2.0.0 SMTP server ready
        tls
        C: MAIL FROM:<a@b.example>
        note bad-sequence
        S: 503 5.5.1 Send EHLO first
        C: EHLO a.example
        S: 250-mx.gateway.example Hello [192.0.2.1]
        S: 250-SIZE 37748736
        S: 250-PIPELINING
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-8BITMIME
        S: 250-CHUNKING
        S: 250 SMTPUTF8
        C: STARTTLS
        note bad-sequence
        S: 503 5.5.1 TLS is already active
        "#,
    );
}

#[test]
fn a_pipelined_batch_is_answered_at_once_and_in_order() {
    play(
        options(),
        r#"
        S: 220 mx.gateway.example ESMTP posthouse
        C: EHLO a.example
        S: 250-mx.gateway.example Hello [192.0.2.1]
        S: 250-SIZE 37748736
        S: 250-PIPELINING
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-STARTTLS
        S: 250-8BITMIME
        S: 250-CHUNKING
        S: 250 SMTPUTF8
        C: MAIL FROM:<>
        C: RCPT TO:<unknown@d.example>
        C: RCPT TO:<postmaster>
        C: DATA
        mail <>
        recipient unknown@d.example
        recipient Postmaster
        S: 250 2.1.0 Sender OK
        S: 550 5.4.1 Access denied
        S: 250 2.1.5 Recipient OK
        S: 354 Start mail input; end with <CRLF>.<CRLF>
        C: x
        C: .
        C: MAIL FROM:<refused@b.example>
        C: RCPT TO:<c@d.example>
        C: DATA
        message "x\r\n"
        mail refused@b.example
        note bad-sequence
        note bad-sequence
        S: 250 2.6.0 Queued
        S: 550 5.4.1 no
        S: 503 5.5.1 Send MAIL first
        S: 503 5.5.1 Send MAIL first
        "#,
    );
}

#[test]
fn chunks_make_one_message_and_may_be_pipelined() {
    play(
        options(),
        r#"
        S: 220 mx.gateway.example ESMTP posthouse
        C: EHLO a.example
        S: 250-mx.gateway.example Hello [192.0.2.1]
        S: 250-SIZE 37748736
        S: 250-PIPELINING
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-STARTTLS
        S: 250-8BITMIME
        S: 250-CHUNKING
        S: 250 SMTPUTF8
        C: MAIL FROM:<a@b.example>
        C: RCPT TO:<c@d.example>
        C: BDAT 7
        C: .a\r\nb
        C: BDAT 0
        C: BDAT 3 last
        C: c\r\nQUIT
        mail a@b.example
        recipient c@d.example
        message ".a\r\nb\r\nc\r\n"
        S: 250 2.1.0 Sender OK
        S: 250 2.1.5 Recipient OK
        S: 250 2.0.0 7 octets received
        S: 250 2.0.0 0 octets received
        S: 250 2.6.0 Queued
        S: 221 2.0.0 Service closing transmission channel
        close
        "#,
    );
}

#[test]
fn helo_offers_nothing() {
    play(
        options(),
        r#"
        S: 220 mx.gateway.example ESMTP posthouse
        C: HELO a.example
        S: 250 mx.gateway.example Hello [192.0.2.1]
        C: MAIL FROM:<a@b.example> SIZE=5
        note syntax-error
        S: 555 5.5.4 Parameters need EHLO, not HELO
        C: STARTTLS
        note bad-sequence
        S: 503 5.5.1 Send EHLO first
        C: MAIL FROM:<a@b.example>
        mail a@b.example
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<c@d.example>
        recipient c@d.example
        S: 250 2.1.5 Recipient OK
        C: RSET
        discard
        S: 250 2.0.0 Resetting
        "#,
    );
}

#[test]
fn each_wrong_command_says_what_is_wrong() {
    play(
        options(),
        r#"
        S: 220 mx.gateway.example ESMTP posthouse
        C: RCPT TO:<c@d.example>
        note bad-sequence
        S: 503 5.5.1 Send EHLO first
        C: EHLO
        note syntax-error
        S: 501 5.5.4 Invalid domain name; say EHLO and this host's full name or [address]
        C: EHLO a.example
        S: 250-mx.gateway.example Hello [192.0.2.1]
        S: 250-SIZE 37748736
        S: 250-PIPELINING
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-STARTTLS
        S: 250-8BITMIME
        S: 250-CHUNKING
        S: 250 SMTPUTF8
        C: DATA
        note bad-sequence
        S: 503 5.5.1 Send MAIL first
        C: AUTH PLAIN AGEAYg==
        note command-unknown
        S: 502 5.5.1 Command not offered here
        C: FROB ä
        note command-unknown
        S: 500 5.5.1 Unrecognized command: FROB \u{e4}
        C: MAIL a@b.example
        note syntax-error
        S: 501 5.5.4 The syntax is MAIL FROM:<address> and parameters
        C: MAIL FROM:a@b.example
        note syntax-error
        S: 501 5.1.7 Invalid sender address: the address must stand in angle brackets: <user@domain>
        C: MAIL FROM:<a@b.example> AUTH=<>
        note syntax-error
        S: 555 5.5.4 Parameter not recognized: AUTH
        C: MAIL FROM:<a@b.example> BODY=BINARYMIME
        note syntax-error
        S: 501 5.5.4 Invalid value of a parameter: BODY
        C: MAIL FROM:<a@b.example> SIZE=37748737
        note message-too-large
        S: 552 5.3.4 Message size exceeds fixed maximum message size
        C: MAIL FROM:<ä@b.example>
        note smtputf8-required
        S: 553 5.6.7 An internationalised address needs SMTPUTF8 on MAIL FROM
        C: MAIL FROM: <ä@b.example> SMTPUTF8
        mail ä@b.example
        S: 250 2.1.0 Sender OK
        C: MAIL FROM:<a@b.example>
        note bad-sequence
        S: 503 5.5.1 Sender already specified
        C: RCPT TO:<>
        note syntax-error
        S: 501 5.1.3 Invalid recipient address: the address is empty
        C: DATA
        note bad-sequence
        S: 554 5.5.1 No valid recipients
        "#,
    );
}
