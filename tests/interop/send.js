// nodemailer as a sender with a client certificate.
//
// One argument, a JSON object: port, ca, tls ("1.2" or "1.3"), and cert and key or neither.
// Prints the server's last word as {"code": 250, "text": "..."}.
"use strict";
const { readFileSync } = require("node:fs");
const nodemailer = require("/usr/share/nodejs/nodemailer");

const wish = JSON.parse(process.argv[2]);
const version = `TLSv${wish.tls}`;
const tls = {
  ca: readFileSync(wish.ca),
  servername: "gw.example.net",
  minVersion: version,
  maxVersion: version,
};
if (wish.cert) {
  tls.cert = readFileSync(wish.cert);
  tls.key = readFileSync(wish.key);
}
const transport = nodemailer.createTransport({
  host: "127.0.0.1",
  port: wish.port,
  name: "mail.example",
  requireTLS: true,
  tls,
});
const message = {
  from: "ann@contoso.example",
  to: "bob@elsewhere.example",
  subject: "From nodemailer",
  text: "Hello.",
};
transport
  .sendMail(message)
  .then((sent) => ({ code: 250, text: sent.response }))
  .catch((error) => ({ code: error.responseCode || 0, text: error.response || String(error) }))
  .then((word) => console.log(JSON.stringify(word)));
