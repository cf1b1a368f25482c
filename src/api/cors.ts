import type { MiddlewareHandler } from 'hono';
import { compileAnchored } from '../model/index.ts';

const CORS_HEADERS = {
  'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, Origin',
  'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
  'Access-Control-Expose-Headers': 'Date',
};

/**
 * Cross-origin headers as Prometheus sets them: for any origin `*`, else the origin itself where
 * the (anchored) expression matches it.
 */
export function cors(originPattern: string): MiddlewareHandler {
  const { test } = compileAnchored(originPattern);
  const anyOrigin = originPattern === '.*';
  return async (context, next) => {
    await next();
    context.header('Vary', 'Origin');
    const origin = context.req.header('Origin');
    if (origin === undefined || !test(origin)) return;
    for (const [name, value] of Object.entries(CORS_HEADERS)) context.header(name, value);
    context.header('Access-Control-Allow-Origin', anyOrigin ? '*' : origin);
  };
}
