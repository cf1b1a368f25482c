import { compileAnchored } from '../model/index.ts';

const CORS_HEADERS = {
  'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, Origin',
  'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
  'Access-Control-Expose-Headers': 'Date',
};

/** Caches are told what answers depend on. */
const VARY = { Vary: 'Origin, Accept-Encoding' };

/** Headers of an answer to a request of that origin, undefined where it named none. */
export type CorsHeaders = (origin: string | undefined) => Readonly<Record<string, string>>;

/**
 * Cross-origin headers as Prometheus sets them: for any origin `*`, else the origin itself where
 * the (anchored) expression matches it.
 */
export function cors(originPattern: string): CorsHeaders {
  const { test } = compileAnchored(originPattern);
  const anyOrigin = originPattern === '.*';
  return (origin) => {
    if (origin === undefined) return VARY;
    const isAllowed = anyOrigin || test(origin);
    const allowed = isAllowed
      ? { 'Access-Control-Allow-Origin': anyOrigin ? '*' : origin }
      : undefined;
    return { ...VARY, ...CORS_HEADERS, ...allowed };
  };
}
