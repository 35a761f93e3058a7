#!/usr/bin/env python3
"""Python's smtplib as a sender with a client certificate.

One argument, a JSON object: port, ca, tls ("1.2" or "1.3"), and cert and key or neither.
Prints the server's last word as {"code": 250, "text": "..."}.
"""
import json
import smtplib
import ssl
import sys

wish = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile=wish["ca"])
context.check_hostname = False  # The server is reached by address.
version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[wish["tls"]]
context.minimum_version = context.maximum_version = version
if "cert" in wish:
    context.load_cert_chain(wish["cert"], wish["key"])

code, text = 0, b""
with smtplib.SMTP("127.0.0.1", wish["port"], "mail.example", timeout=30) as session:
    session.starttls(context=context)
    session.ehlo()
    code, text = session.mail("ann@contoso.example")
    if code == 250:
        code, text = session.rcpt("bob@elsewhere.example")
    if code == 250:
        code, text = session.data(b"Subject: From smtplib\r\n\r\nHello.\r\n")
print(json.dumps({"code": code, "text": text.decode()}))
