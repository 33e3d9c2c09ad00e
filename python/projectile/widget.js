// A view in a notebook: finds out how this browser reaches the view's server, and frames the viewer that way.
// Loaded by anywidget as it is, without a build step. The protocol of `channel` is in docs/live.md, last section.

const READY_MILLISECONDS = 3000;
const PROXY_MILLISECONDS = 5000;
// Says to the kernel that a frame is still there; a hidden tab may say so once a minute only.
const ALIVE_MILLISECONDS = 20_000;

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/;

function isPossible(url) {
  // A secure page may frame what is not secure only on this machine. And the server lets nobody frame it but itself
  // and pages of these two names: to try from elsewhere would cost time, and may ask the person for a permission.
  if (location.protocol === 'https:' && url.protocol !== 'https:' && !LOOPBACK.test(url.hostname)) return false;
  return location.origin === url.origin || ['localhost', '127.0.0.1'].includes(location.hostname);
}

function makeFrame(height) {
  const frame = document.createElement('iframe');
  frame.title = 'projectile';
  frame.allow = 'fullscreen; clipboard-write';
  frame.style.cssText = `display: block; width: 100%; height: ${height}px; border: 0`;
  return frame;
}

const isSaid = ({ data, source }, word, frame) => source === frame.contentWindow && data?.projectile === word;

/** Whether the page in the frame says in time that it runs. */
function isReady(frame, signal) {
  return new Promise((resolve) => {
    const settle = (ready) => {
      removeEventListener('message', hear);
      clearTimeout(timer);
      resolve(ready);
    };
    const hear = (event) => { if (isSaid(event, 'ready', frame)) settle(true); };
    const timer = setTimeout(() => settle(false), READY_MILLISECONDS);
    addEventListener('message', hear);
    signal.addEventListener('abort', () => settle(false), { once: true });
  });
}

function baseUrl() {
  try {
    const { baseUrl: base } = JSON.parse(document.getElementById('jupyter-config-data').textContent);
    if (base) return base;
  } catch {
    // Not JupyterLab's page.
  }
  return document.body.dataset.baseUrl ?? null;
}

/** The address by way of jupyter-server-proxy, if it is there and reaches the server. */
async function proxied(port, signal) {
  const base = baseUrl();
  if (base === null) return null;
  try {
    const address = new URL(`${base.replace(/\/*$/, '/')}proxy/${port}/`, location.href);
    if (address.origin !== location.origin) return null;
    const wait = AbortSignal.any([signal, AbortSignal.timeout(PROXY_MILLISECONDS)]);
    const response = await fetch(new URL('healthz', address), { signal: wait });
    return response.status === 200 && (await response.json()).status === 'ok' ? address.href : null;
  } catch {
    return null;
  }
}

function randomName() {
  // crypto.randomUUID is not there on pages that are not secure.
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Requests by way of the kernel, for one page: `take` hears each message for its `id`. */
class Relay {
  constructor(model, take) {
    this.model = model;
    this.take = take;
    this.view = randomName();
    this.hear = (message, buffers) => {
      if (message?.view !== this.view) return;
      const { view, ...answer } = message;
      const [piece] = buffers ?? [];
      this.take({ ...answer, body: piece ? copied(piece) : null });
    };
    model.on('msg:custom', this.hear);
    this.alive = setInterval(() => this.send({ alive: true }), ALIVE_MILLISECONDS);
  }

  send(message, body) {
    this.model.send({ view: this.view, ...message }, undefined, body ? [body] : []);
  }

  close() {
    clearInterval(this.alive);
    this.model.off('msg:custom', this.hear);
    this.send({ gone: true });
  }
}

/** A buffer of its own, which can be given away: what comes from a kernel is a view into a whole message. */
function copied(piece) {
  if (piece instanceof ArrayBuffer) return piece.slice(0);
  return piece.buffer.slice(piece.byteOffset, piece.byteOffset + piece.byteLength);
}

/** Reads text files of the server's through the kernel. */
async function readThrough(model, signal, use) {
  const waiting = new Map();
  const relay = new Relay(model, ({ id, status, body, reason }) => {
    const { resolve, reject } = waiting.get(id) ?? {};
    if (status === 200) resolve?.(new TextDecoder().decode(body));
    else reject?.(new Error(reason ?? `the server answered ${status}`));
  });
  let last = 0;
  const read = (target) => new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    relay.send({ id: last, method: 'GET', target, type: null });
  });
  try {
    return await use(read);
  } finally {
    relay.close();
  }
}

/** The viewer in one file. It may load nothing, so whatever it shows has come through its port. */
async function wholePage(read) {
  const page = new DOMParser().parseFromString(await read(''), 'text/html');
  const nonce = randomName();
  const inlined = async (element, address, name, end) => {
    const text = await read(new URL(address, 'http://localhost/').pathname.slice(1));
    const inline = page.createElement(name);
    inline.nonce = nonce;
    inline.setAttribute('nonce', nonce);
    inline.textContent = text.replaceAll(end, `<\\${end.slice(1)}`).replaceAll('<!--', '<\\!--');
    element.replaceWith(inline);
    return inline;
  };
  for (const script of page.querySelectorAll('script[src]')) {
    (await inlined(script, script.getAttribute('src'), 'script', '</script')).type = 'module';
  }
  for (const sheet of page.querySelectorAll('link[rel=stylesheet]')) {
    await inlined(sheet, sheet.getAttribute('href'), 'style', '</style');
  }
  for (const link of page.querySelectorAll('link')) link.remove();
  const policy = page.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; `
    + "img-src blob: data:; connect-src blob: data:; base-uri 'none'; form-action 'none'";
  page.head.prepend(policy);
  page.documentElement.dataset.transport = 'port';
  return `<!doctype html>${page.documentElement.outerHTML}`;
}

/** Answers what the page in the frame asks, by way of the kernel. */
function connect(model, frame) {
  const { port1, port2 } = new MessageChannel();
  const relay = new Relay(model, (answer) => port1.postMessage(answer, answer.body ? [answer.body] : []));
  port1.addEventListener('message', ({ data: { id, abort, method, target, type, body } }) => {
    if (abort) relay.send({ id, abort: true });
    else relay.send({ id, method, target, type }, body);
  });
  port1.start();
  frame.contentWindow.postMessage({ projectile: 'port' }, '*', [port2]);
  return () => {
    port1.close();
    relay.close();
  };
}

function render({ model, el }) {
  const url = new URL(model.get('url'));
  const height = model.get('height');
  const leaving = new AbortController();
  const { signal } = leaving;

  const root = document.createElement('div');
  const place = document.createElement('div');
  place.style.minHeight = `${height}px`;
  const caption = document.createElement('div');
  caption.style.cssText = 'font-size: 0.8em; opacity: 0.8; padding: 2px 0';
  const link = document.createElement('a');
  Object.assign(link, { href: url.href, target: '_blank', rel: 'noopener', textContent: 'open in a tab' });
  const note = document.createElement('span');
  caption.append(link, note);
  root.append(place, caption);
  el.append(root);
  const say = (text) => { note.textContent = text ? ` · ${text}` : ''; };

  const framed = () => {
    const frame = makeFrame(height);
    place.replaceChildren(frame);
    return frame;
  };
  const arrived = (route) => {
    root.dataset.projectileRoute = route;
    say('');
  };

  async function direct() {
    if (!isPossible(url)) return false;
    const frame = makeFrame(height);
    frame.src = url.href;
    const ready = isReady(frame, signal);
    place.replaceChildren(frame);
    return ready;
  }

  async function channel() {
    say('waiting for the kernel …');
    const page = await readThrough(model, signal, wholePage);
    signal.throwIfAborted();
    const frame = makeFrame(height);
    // An origin of its own: the viewer shows what files say, and the notebook's page can do anything with the kernel.
    frame.setAttribute('sandbox', 'allow-scripts allow-downloads allow-popups');
    let disconnect = () => undefined;
    // More than once: a notebook that takes an output off the page and puts it back loads the frame again.
    frame.addEventListener('load', () => {
      disconnect();
      disconnect = connect(model, frame);
    });
    signal.addEventListener('abort', () => disconnect(), { once: true });
    frame.srcdoc = page;
    place.replaceChildren(frame);
  }

  async function start() {
    say('looking for the server …');
    if (await direct()) return arrived('direct');
    if (signal.aborted) return undefined;
    place.replaceChildren();
    const address = await proxied(model.get('port'), signal);
    if (signal.aborted) return undefined;
    if (address !== null) {
      // The other address leads nowhere from here.
      link.href = address;
      framed().src = address;
      return arrived('proxy');
    }
    await channel();
    return arrived('channel');
  }

  start().catch((error) => {
    if (!signal.aborted) say(`the viewer cannot be shown: ${error.message}`);
  });

  return () => {
    leaving.abort();
    root.remove();
  };
}

export default { render };
