#!/usr/bin/env python3
"""Python's smtplib as a user's mail program.

One argument, a JSON object: port, ca, tls ("starttls" or "implicit"), mechanism ("PLAIN" or
"LOGIN"), user, password, sender, author (the address in From), recipient.
Prints the server's last word as {"code": 250, "text": "..."}.
"""
import json
import smtplib
import ssl
import sys

wish = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile=wish["ca"])
context.check_hostname = False  # The server is reached by address.

if wish["tls"] == "implicit":
    session = smtplib.SMTP_SSL("127.0.0.1", wish["port"], "pc.example", timeout=30, context=context)
else:
    session = smtplib.SMTP("127.0.0.1", wish["port"], "pc.example", timeout=30)
    session.starttls(context=context)
session.ehlo()
session.user, session.password = wish["user"], wish["password"]
method = {"PLAIN": session.auth_plain, "LOGIN": session.auth_login}[wish["mechanism"]]
try:
    code, text = session.auth(wish["mechanism"], method)
    if code == 235:
        code, text = session.mail(wish["sender"])
    if code == 250:
        code, text = session.rcpt(wish["recipient"])
    if code == 250:
        message = f"From: {wish['author']}\r\nSubject: From smtplib\r\n\r\nHello.\r\n"
        code, text = session.data(message.encode())
except smtplib.SMTPResponseException as error:
    code, text = error.smtp_code, error.smtp_error
print(json.dumps({"code": code, "text": text.decode()}))
