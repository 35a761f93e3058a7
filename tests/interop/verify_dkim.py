#!/usr/bin/python3
"""Verifies a message's DKIM signatures and its ARC chain with dkimpy, an implementation that others
wrote. DNS is a JSON file: names without the last dot, and their TXT records.

usage: verify_dkim.py ZONE.json < MESSAGE
Prints one JSON object: {"dkim": [{"domain", "selector", "algorithm", "valid"}], "arc": CV or null}
"""

import json
import sys

import dkim


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        zone = json.load(file)
    message = sys.stdin.buffer.read()

    def txt(name, timeout=5):
        text = zone.get(name.decode("ascii").rstrip("."))
        return text.encode("ascii") if text is not None else None

    signatures = []
    count = sum(1 for line in message.split(b"\r\n") if line.lower().startswith(b"dkim-signature:"))
    for index in range(count):
        verifier = dkim.DKIM(message)
        try:
            valid = verifier.verify(idx=index, dnsfunc=txt)
        except dkim.DKIMException as error:
            valid = str(error)
        fields = verifier.signature_fields
        signatures.append(
            {
                "domain": fields.get(b"d", b"").decode("ascii"),
                "selector": fields.get(b"s", b"").decode("ascii"),
                "algorithm": fields.get(b"a", b"").decode("ascii"),
                "valid": valid,
            }
        )
    arc, _, why = dkim.ARC(message).verify(dnsfunc=txt)
    if arc is not None:
        arc = arc.decode("ascii") if isinstance(arc, bytes) else str(arc)
    print(json.dumps({"dkim": signatures, "arc": arc, "arc_why": str(why)}))


main()
