"""A server of people: files of a folder, and a search in people.json of it."""

import http.server
import json
import sys
import urllib.parse


class Server(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=sys.argv[2])

    def do_GET(self):
        asked = urllib.parse.urlparse(self.path)
        if asked.path != "/search":
            return super().do_GET()
        wanted = urllib.parse.parse_qs(asked.query).get("q", [""])[0].lower()
        with open(sys.argv[2] + "/people.json", encoding="utf-8") as file:
            people = json.load(file)
        found = [person for person in people if wanted in json.dumps(person, ensure_ascii=False).lower()]
        body = json.dumps({"results": found}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Server).serve_forever()
