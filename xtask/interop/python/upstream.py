"""A scripted upstream on loopback: it sends exactly the bytes a check gave it,
and can be cut, reset, silent or gone. One thread per request, no framework."""

import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """What one POST gets. `body` is sent event by event, in chunks."""

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict = field(default_factory=dict)
    # clean: as HTTP wants it; cut: closed without the last chunk; reset: RST;
    # hang: silence until the peer goes away.
    end: str = "clean"

    def after(self, count, kind, end, tail=b""):
        """The same answer up to its `count`-th event of that kind, and `tail`."""
        events = self.body.split(b"\n\n")
        seen = [at for at, event in enumerate(events) if event.startswith(b"event: " + kind.encode())]
        body = b"".join(event + b"\n\n" for event in events[:seen[count - 1] + 1])
        return Answer(body + tail, self.status, self.content_type, self.headers, end)

    def whole(self):
        """What a request without `stream` gets: the terminal event's response."""
        events = [json.loads(line[6:]) for line in self.body.decode().splitlines() if line.startswith("data: {")]
        last = events[-1] if events else {}
        if "response" not in last:
            return self
        return Answer(json.dumps(last["response"]).encode(), content_type="application/json")


def failure(status, body, **headers):
    """An answer that is an error: a status and a JSON body."""
    return Answer(json.dumps(body).encode(), status, "application/json", headers)


class Upstream:
    """Listens on a port of its own. `answers` is by model; a list is used up
    answer by answer, its last one stays; a function is given the body
    and the path."""

    def __init__(self, answers):
        self.answers = dict(answers)
        self.requests = []
        self.left = threading.Event()  # a peer went away from a hanging answer
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                upstream._answer(self)

            def do_GET(self):
                send(self, failure(404, {"error": {"message": "File Not Found", "code": 404}}))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def _answer(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers.get("content-length", 0))))
        self.requests.append((handler.path, dict(handler.headers), body))
        answer = self.answers.get(body.get("model"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(body, handler.path)
        if answer is None:
            answer = failure(404, {"error": {"message": "no such model", "type": "not_found_error", "code": 404}})
        if not body.get("stream") and answer.end == "clean" and answer.status == 200:
            answer = answer.whole()
        send(handler, answer, self.left)


def send(handler, answer, left=None):
    """Writes `answer` and ends the connection the way it says."""
    chunked = answer.content_type == "text/event-stream"
    handler.close_connection = True
    try:
        handler.send_response(answer.status)
        handler.send_header("content-type", answer.content_type)
        for name, value in answer.headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if chunked:
            handler.send_header("transfer-encoding", "chunked")
        else:
            handler.send_header("content-length", str(len(answer.body)))
        handler.send_header("connection", "close")
        handler.end_headers()
        if not chunked:
            handler.wfile.write(answer.body)
            return
        for event in answer.body.split(b"\n\n"):
            event = event if event == b"" else event + b"\n\n"
            if event:
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                handler.wfile.flush()
        if answer.end == "clean":
            handler.wfile.write(b"0\r\n\r\n")
        elif answer.end == "reset":
            # RST overtakes what the peer has not read yet: let it read.
            handler.connection.settimeout(0.2)
            try:
                handler.connection.recv(1)
            except TimeoutError:
                pass
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif answer.end == "hang":
            handler.connection.settimeout(20)
            if handler.connection.recv(1) == b"" and left is not None:
                left.set()
    except OSError:
        if left is not None:
            left.set()
