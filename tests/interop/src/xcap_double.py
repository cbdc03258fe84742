"""An XCAP server (RFC 4825) of one user: documents in files of a folder, entity tags, Digest (RFC 7616, MD5)."""

import hashlib
import http.server
import os
import re
import sys
import threading

PORT, FOLDER, USER, PASSWORD = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
REALM, NONCE = "xcap", "b1946ac92492d2347c6235b4d2611184"
LOCK = threading.Lock()


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def proved(self):
        said = self.headers.get("Authorization", "")
        field = dict((a, b or c) for a, b, c in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', said))
        if field.get("username") != USER or field.get("nonce") != NONCE or field.get("uri") != self.path:
            return False
        first, second = md5(f"{USER}:{REALM}:{PASSWORD}"), md5(f"{self.command}:{self.path}")
        middle = f"{NONCE}:{field.get('nc')}:{field.get('cnonce')}:auth"
        return field.get("response") == md5(f"{first}:{middle}:{second}")

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_it(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.proved():
            asks = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'
            return self.answer(401, headers=[("WWW-Authenticate", asks)])
        file = os.path.join(FOLDER, self.path.strip("/").replace("/", "_"))
        with LOCK:
            known = open(file, "rb").read() if os.path.exists(file) else None
            tag = None if known is None else f'"{hashlib.sha256(known).hexdigest()[:16]}"'
            if self.command == "GET":
                if known is None:
                    return self.answer(404)
                return self.answer(200, known, [("ETag", tag)])
            match, none = self.headers.get("If-Match"), self.headers.get("If-None-Match")
            if (match is not None and match != tag) or (none == "*" and known is not None):
                return self.answer(412)
            with open(file + ".next", "wb") as new:
                new.write(body)
            os.rename(file + ".next", file)
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            self.answer(201 if known is None else 200, headers=[("ETag", tag)])

    do_GET = do_PUT = do_it


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Server).serve_forever()
