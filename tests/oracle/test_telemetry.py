"""Spans of requests, as an OpenTelemetry collector receives them."""

from __future__ import annotations

import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from harness import Server, run, save
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """Takes spans by OTLP over HTTP, as protocol buffers."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: list[tuple[str, Span]] = []

    def spans(self, name, count=1):
        until = time.monotonic() + 20
        while True:
            found = [span for _, span in self.received if span.name == name]
            if len(found) >= count:
                return found
            assert time.monotonic() < until, [span.name for _, span in self.received]
            time.sleep(0.05)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        assert self.path == "/v1/traces"
        assert self.headers["Content-Type"] == "application/x-protobuf"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = [
                entry.value.string_value
                for entry in resource.resource.attributes
                if entry.key == "service.name"
            ]
            self.server.received += [
                (names[0], span) for scope in resource.scope_spans for span in scope.spans
            ]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector(monkeypatch):
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        thread = threading.Thread(target=collector.serve_forever, args=(0.05,))
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


def attributes(span):
    read = {"string_value": str, "int_value": int}
    return {
        entry.key: read[entry.value.WhichOneof("value")](
            getattr(entry.value, entry.value.WhichOneof("value"))
        )
        for entry in span.attributes
        if entry.value.WhichOneof("value") in read
    }


def test_a_request_is_a_span_of_its_client_s_trace(tmp_path, collector, rng):
    (file,) = save(tmp_path, {"field": rng.normal(size=(3000, 3000)).astype(np.float32)})
    with Server(file) as server:
        path = "/images/field/0/0/0/256.png"
        answer = server.get(path + "?colormap=magma", {"traceparent": f"00-{TRACE}-{PARENT}-01"})
        assert answer.status == 200
        assert server.get("/images/nosuch").status == 404
        (span,) = collector.spans("GET tiles")
        (render,) = [render for render in collector.spans("render") if render.parent_span_id == span.span_id]
        assert {service for service, _ in collector.received} == {"projectile"}
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
        assert render.trace_id == span.trace_id
        assert span.kind == Span.SPAN_KIND_SERVER
        assert span.start_time_unix_nano <= render.start_time_unix_nano <= render.end_time_unix_nano
        told = attributes(span)
        assert told["http.request.method"] == "GET"
        assert told["url.path"] == path, "without the query"
        assert told["http.response.status_code"] == 200
        assert told["http.response.body.size"] == len(answer.body)
        assert told["network.peer.address"] == "127.0.0.1"
        assert told["projectile.request_id"] == answer.headers["x-request-id"]
        assert span.status.code == Status.STATUS_CODE_UNSET
        assert any(
            attributes(span)["http.response.status_code"] == 404 for span in collector.spans("GET describe")
        )


def test_what_is_not_sent_yet_is_sent_at_the_end(tmp_path, collector, monkeypatch, rng):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "maps")
    (file,) = save(tmp_path, {"field": rng.normal(size=(30, 30))})
    with Server(file) as server:
        server.ok("/images")
        assert not collector.received
    assert {service for service, _ in collector.received} == {"maps"}


def test_without_a_collector_nothing_is_lost_but_spans(tmp_path, monkeypatch, rng):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    (file,) = save(tmp_path, {"field": rng.normal(size=(30, 30))})
    with Server(file) as server:
        for _ in range(20):
            server.ok("/0/0/0/8.png")


def test_an_endpoint_that_is_none_is_told_of(tmp_path, monkeypatch, rng):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "no address")
    (file,) = save(tmp_path, {"field": rng.normal(size=(30, 30))})
    ended = run(file, "-p", "0", timeout=20)
    assert ended.returncode == 1
    assert "collector" in ended.stderr
    assert os.linesep not in ended.stderr.strip()
