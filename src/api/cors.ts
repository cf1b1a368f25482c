import type { MiddlewareHandler } from 'hono';
import { compileAnchored } from '../model/index.ts';

const CORS_HEADERS = {
  'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, Origin',
  'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
  'Access-Control-Expose-Headers': 'Date',
};

/**
 * Cross-origin headers as Prometheus sets them: for any origin `*`, else the origin itself where
 * the (anchored) expression matches it. Caches are told what else answers depend on.
 */
export function cors(originPattern: string): MiddlewareHandler {
  const { test } = compileAnchored(originPattern);
  const anyOrigin = originPattern === '.*';
  return async (context, next) => {
    await next();
    const { headers } = context.res;
    headers.append('Vary', 'Origin');
    headers.append('Vary', 'Accept-Encoding');
    const origin = context.req.header('Origin');
    if (origin === undefined) return;
    for (const [name, value] of Object.entries(CORS_HEADERS)) headers.set(name, value);
    if (anyOrigin) headers.set('Access-Control-Allow-Origin', '*');
    else if (test(origin)) headers.set('Access-Control-Allow-Origin', origin);
  };
}
