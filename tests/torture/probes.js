// What a page of somebody else may try to learn from a server, or to do to it. Each answers what it could read: null for
// nothing.
const PATIENCE = 4000;

const within = (work) =>
  Promise.race([work, new Promise((done) => setTimeout(() => done(null), PATIENCE))]).catch(() => null);

const loaded = (element, then) =>
  new Promise((done) => {
    element.onload = () => done(then(element));
    element.onerror = () => done(null);
    document.body.append(element);
  });

const element = (name, attributes) => Object.assign(document.createElement(name), attributes);

const drawn = (image) => {
  const canvas = element("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  try {
    return `pixels ${context.getImageData(0, 0, 1, 1).data}`;
  } catch {
    return `size ${image.naturalWidth} × ${image.naturalHeight}`;
  }
};

const text = async (url, options) => {
  const answer = await fetch(url, options);
  return answer.type === "opaque" ? null : `text ${(await answer.text()).slice(0, 40)}`;
};

window.probe = async (at) => {
  const json = `${at}/images`;
  const tile = `${at}/0/0/0.png`;
  const events = `${at}/events?client=${"0123456789abcdef".repeat(2)}`;
  const found = {};
  const tries = {
    fetch: () => text(json),
    "fetch of a tile": () => text(tile),
    "fetch with cookies": () => text(json, { credentials: "include" }),
    "fetch without cors": () => text(json, { mode: "no-cors", credentials: "include" }),
    "fetch with a header": () => text(json, { headers: { "X-Projectile": "1" } }),
    "fetch of a range": () => text(tile, { headers: { Range: "bytes=0-9" } }),
    "fetch of metrics": () => text(`${at}/metrics`),
    "fetch that waits for a failure": () => text(`${at}/nothing`),
    request: () =>
      new Promise((done) => {
        const request = new XMLHttpRequest();
        request.onload = () => done(`text ${request.responseText.slice(0, 40)}`);
        request.onerror = () => done(null);
        request.open("GET", json);
        request.withCredentials = true;
        request.send();
      }),
    image: () => loaded(element("img", { src: tile }), drawn),
    "image with cors": () => loaded(element("img", { crossOrigin: "anonymous", src: tile }), drawn),
    "image of a drawing": () => loaded(element("img", { src: `${at}/images/a/colorbar.svg` }), drawn),
    script: () => loaded(element("script", { src: json }), () => "ran"),
    "script of the viewer": () => loaded(element("script", { src: `${at}/viewer/viewer.js` }), () => "ran"),
    module: () => import(json).then(() => "ran"),
    worker: () =>
      new Promise((done) => {
        const source = `try { importScripts(${JSON.stringify(json)}); postMessage("ran"); } catch { postMessage(null); }`;
        const worker = new Worker(URL.createObjectURL(new Blob([source])));
        worker.onmessage = (event) => done(event.data);
        worker.onerror = () => done(null);
      }),
    style: () => loaded(element("link", { rel: "stylesheet", href: json }), () => "applied"),
    font: () => new FontFace("a", `url(${tile})`).load().then(() => "a font"),
    frame: () =>
      loaded(element("iframe", { src: `${at}/` }), (frame) => {
        try {
          return frame.contentDocument ? null : frame.contentWindow.document.title;
        } catch {
          return null;
        }
      }),
    object: () => loaded(element("object", { data: `${at}/`, type: "text/html" }), () => null),
    events: () =>
      new Promise((done) => {
        const source = new EventSource(events, { withCredentials: true });
        source.onopen = () => done("open");
        source.addEventListener("hello", (event) => done(event.data));
        source.onerror = () => done(null);
      }),
    socket: () =>
      new Promise((done) => {
        const socket = new WebSocket(events.replace("http", "ws"));
        socket.onopen = () => done("open");
        socket.onerror = () => done(null);
      }),
    timing: async () => {
      const entry = performance.getEntriesByName(tile)[0];
      return entry?.encodedBodySize ? `${entry.encodedBodySize} bytes` : null;
    },
  };
  for (const [name, attempt] of Object.entries(tries)) {
    found[name] = await within(attempt().catch(() => null));
  }
  return found;
};

// Everything that tells a server something, in every way that a page can send it unasked.
window.attack = async (at, remote) => {
  const state = { client: "0123456789abcdef".repeat(2), image: "a", center: [1, 1], zoom: 1, size: [10, 10] };
  const bodies = {
    "/open": JSON.stringify({ url: remote }),
    "/upload?name=evil.npy": "\x93NUMPY\x01\x00",
    "/live/state": JSON.stringify(state),
    "/live/screenshot?request=0123456789abcdef": "\x89PNG\r\n\x1a\n",
    "/images/a/statistics": JSON.stringify({ x0: 0 }),
  };
  const types = ["text/plain", "application/json", "application/octet-stream", "application/x-www-form-urlencoded"];
  let sent = 0;
  const send = async (work) => {
    sent += 1;
    await within(Promise.resolve().then(work));
  };
  for (const [path, body] of Object.entries(bodies)) {
    const url = at + path;
    for (const type of types) {
      const headers = { "Content-Type": type };
      await send(() => fetch(url, { method: "POST", headers, body }));
      await send(() => fetch(url, { method: "POST", mode: "no-cors", credentials: "include", headers, body }));
      await send(() => navigator.sendBeacon(url, new Blob([body], { type })));
    }
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      await send(() => fetch(url, { method, body }));
    }
    for (const enctype of ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]) {
      const frame = element("iframe", { name: `f${sent}` });
      const form = element("form", { method: "post", action: url, enctype, target: frame.name });
      form.append(element("input", { name: body, value: "" }));
      document.body.append(frame, form);
      await send(() => new Promise((done) => ((frame.onload = done), form.submit())));
    }
    for (const query of ["", `${path.includes("?") ? "&" : "?"}url=${encodeURIComponent(remote)}`]) {
      await send(() => loaded(element("img", { src: url + query }), () => null));
    }
  }
  return sent;
};
