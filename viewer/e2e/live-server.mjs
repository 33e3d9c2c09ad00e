// The server behind a proxy of ours that also speaks what docs/live.md says.
import http from 'node:http';
import { base, ours } from './harness.mjs';

export class LiveServer {
  streams = new Set();
  states = [];
  screenshots = new Map();
  clients = [];
  hello = { server: 'one', live: true, settings: {} };
  /** Changes descriptions on their way: (id, info) → info. */
  describe = (_id, info) => info;
  seen = [];

  /** Held back until somebody lets it go. */
  hints = [];

  async start() {
    this.proxy = http.createServer((request, response) => this.answer(request, response));
    await new Promise((resolve) => { this.proxy.listen(0, '127.0.0.1', resolve); });
    this.url = `http://127.0.0.1:${this.proxy.address().port}/`;
    ours.add(new URL(this.url).origin);
    return this;
  }

  async stop() {
    this.proxy.closeAllConnections();
    await new Promise((resolve) => { this.proxy.close(resolve); });
  }

  send(name, data) {
    for (const stream of this.streams) stream.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Every stream breaks off. */
  hangUp() {
    for (const stream of this.streams) stream.destroy();
  }

  answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.url);
    this.seen.push(request.url);
    if (pathname === '/events') {
      this.clients.push(searchParams.get('client'));
      this.streams.add(response);
      response.on('close', () => this.streams.delete(response));
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(`: here\nretry: 200\n\nevent: hello\ndata: ${JSON.stringify(this.hello)}\n\n`);
    } else if (pathname.startsWith('/live/')) {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        const body = Buffer.concat(pieces);
        if (pathname === '/live/state') this.states.push({ at: Date.now(), ...JSON.parse(body) });
        else this.screenshots.set(searchParams.get('request'), { type: request.headers['content-type'], body });
        response.writeHead(204).end();
      });
    } else if (/^\/images\/[^/]+\/fetch$/.test(pathname)) {
      this.hints.push(request.url);
    } else {
      this.pass(request, response, /^\/images\/([^/]+)$/.exec(pathname)?.[1]);
    }
  }

  pass(request, response, described) {
    http.get(new URL(request.url, base), (answer) => {
      if (described === undefined || answer.statusCode !== 200) {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
        return;
      }
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('end', () => {
        const info = this.describe(described, JSON.parse(Buffer.concat(pieces)));
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(info));
      });
    }).on('error', () => response.destroy());
  }
}
