"""Writes the root certificates of Mozilla's certdata.txt that are trusted for web servers.

Usage: roots.py CERTDATA DESTINATION

Makes DESTINATION/usr/share/ca-certificates/mozilla/NAME.crt, one certificate each, and the bundle of all
of them, DESTINATION/etc/ssl/certs/ca-certificates.crt, ordered by name.

A root that is distrusted for certificates issued after some day is left out once nothing issued before
that day can still be valid, which is 398 days later. "Now" is SOURCE_DATE_EPOCH.
"""

import base64
import datetime
import hashlib
import os
import re
import sys
import textwrap
import unicodedata

LONGEST_LIFE = datetime.timedelta(days=398)


def read_objects(path):
    """Yields each PKCS #11 object of the file as a dictionary from attribute to text or bytes."""
    current = {}
    octal_of = None
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.strip()
            if octal_of is not None:
                if line == "END":
                    octal_of = None
                else:
                    current[octal_of] += bytes(int(digits, 8) for digits in line.split("\\")[1:])
                continue
            words = line.split(maxsplit=2)
            if not words or words[0].startswith("#") or words[0] == "BEGINDATA":
                continue
            if words[0] == "CKA_CLASS":
                if current:
                    yield current
                current = {}
            if words[1] == "MULTILINE_OCTAL":
                octal_of = words[0]
                current[octal_of] = b""
            else:
                current[words[0]] = words[2] if len(words) > 2 else ""
    if current:
        yield current


def identity(entry):
    return entry["CKA_ISSUER"], entry["CKA_SERIAL_NUMBER"]


def distrusted(certificate, now):
    """Whether the day after which the root must not issue lies so far back that no leaf is left."""
    after = certificate.get("CKA_NSS_SERVER_DISTRUST_AFTER")
    if not isinstance(after, bytes):
        return False
    last = datetime.datetime.strptime(after.decode("ascii"), "%y%m%d%H%M%SZ")
    return last.replace(tzinfo=datetime.timezone.utc) + LONGEST_LIFE < now


def file_name(label):
    """A name of ASCII letters, digits, dots and dashes; accents are dropped."""
    text = label.strip('"')
    if "\\x" in text:
        text = text.encode("latin-1").decode("unicode_escape").encode("latin-1").decode("utf-8")
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9.-]+", "_", letters.replace("'", "")).strip("_")


def pem(der):
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode("ascii"), 64))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def trusted_roots(path, now):
    """The certificates to publish: a dictionary from a unique file name to DER bytes."""
    objects = list(read_objects(path))
    trusted = {
        identity(entry)
        for entry in objects
        if entry.get("CKA_TRUST_SERVER_AUTH") == "CKT_NSS_TRUSTED_DELEGATOR"
    }
    roots = {}
    for entry in objects:
        if entry.get("CKA_CERTIFICATE_TYPE") != "CKC_X_509" or identity(entry) not in trusted:
            continue
        if distrusted(entry, now):
            continue
        name = file_name(entry["CKA_LABEL"])
        if name in roots:
            name += "_" + hashlib.sha256(entry["CKA_VALUE"]).hexdigest()[:8]
        roots[name] = entry["CKA_VALUE"]
    return roots


def main(certdata, destination):
    now = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    roots = trusted_roots(certdata, now)
    if len(roots) < 100:
        sys.exit(f"only {len(roots)} trusted roots found in {certdata}: has its format changed?")
    single = os.path.join(destination, "usr/share/ca-certificates/mozilla")
    whole = os.path.join(destination, "etc/ssl/certs")
    os.makedirs(single)
    os.makedirs(whole)
    with open(os.path.join(whole, "ca-certificates.crt"), "w", encoding="ascii") as bundle:
        for name in sorted(roots):
            with open(os.path.join(single, name + ".crt"), "w", encoding="ascii") as file:
                file.write(pem(roots[name]))
            bundle.write(pem(roots[name]))
    print(f"{len(roots)} root certificates")


main(*sys.argv[1:])
