import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import type { Answer } from './answer.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.map': 'application/json',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

interface StaticFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer> | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The built web page, read into memory once: it is a few hundred kilobytes, and a path can then
 * reach nothing that was not in its folder at the start.
 */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  constructor(directory: string) {
    for (const path of listFiles(directory)) {
      if (path.endsWith('.gz')) continue;
      this.#files.set(`/${relative(directory, path).split(sep).join('/')}`, load(path));
    }
  }

  /** The answer for a URL path, or undefined where there is no such file. */
  answer(path: string, acceptEncoding: string): Answer | undefined {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    if (file.gzipped !== undefined && /\bgzip\b/.test(acceptEncoding)) {
      const headers = { ...file.headers, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' };
      return { status: 200, headers, body: file.gzipped };
    }
    return { status: 200, headers: file.headers, body: file.body };
  }
}

function load(path: string): StaticFile {
  const extension = extname(path);
  // Names of built files carry a hash of their content, all but the page itself.
  const cache = extension === '.html' ? 'no-cache' : 'public, max-age=31536000, immutable';
  return {
    body: readFileSync(path),
    gzipped: readIfThere(`${path}.gz`),
    headers: {
      ...SECURITY_HEADERS,
      'Content-Type': CONTENT_TYPES[extension] ?? 'application/octet-stream',
      'Cache-Control': cache,
    },
  };
}

function readIfThere(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function listFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
