// How many bytes of script the page needs before it shows anything, gzipped, against what we allow ourselves.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const MOST = 250_000;
const dist = new URL('dist/', import.meta.url);
const read = (path) => readFileSync(new URL(path, dist));

/** A script, and those that it imports at once. */
function needed(path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = read(path).toString();
  for (const [, name] of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) {
    needed(path.replace(/[^/]*$/, '') + name, seen);
  }
  return seen;
}

const page = read('index.html').toString();
const scripts = [...page.matchAll(/<(?:script|link rel="modulepreload")[^>]*(?:src|href)="\.\/([^"]+\.js)"/g)];
const all = new Set(scripts.flatMap(([, path]) => [...needed(path)]));
if (all.size === 0) throw new Error('the page names no script: has the build changed?');
const bytes = [...all].reduce((sum, path) => sum + gzipSync(read(path)).length, 0);
process.stdout.write(`${(bytes / 1000).toFixed(1)} kB of script at start, gzipped, of ${MOST / 1000} kB\n`);
if (bytes > MOST) throw new Error('the viewer has too much script at start');
