import { managementRoutes } from './management.ts';
import { openApiDocument } from './openapi/document.ts';
import { PUSH_SPECS } from './openapi/push-specs.ts';
import { jsonAnswer } from './respond.ts';
import type { Route, RouteSpec } from './route.ts';
import { adminRoutes } from './v1/admin.ts';
import { agentRoutes } from './v1/agents.ts';
import { completenessRoutes } from './v1/completeness.ts';
import { exemplarRoutes } from './v1/exemplars.ts';
import { explainRoutes } from './v1/explain.ts';
import { federateRoutes } from './v1/federate.ts';
import { identityRoutes } from './v1/identity.ts';
import { labelRoutes } from './v1/labels.ts';
import { metadataRoutes } from './v1/metadata.ts';
import { queryRoutes } from './v1/query.ts';
import { readRoutes } from './v1/read.ts';
import { ruleRoutes } from './v1/rules.ts';
import { sourceRoutes } from './v1/sources.ts';
import { statusRoutes } from './v1/status.ts';
import { targetRoutes } from './v1/targets.ts';

const documentRoute: Route = {
  path: '/api/v1/openapi.json',
  methods: ['GET'],
  tag: 'status',
  summary: 'This API as an OpenAPI 3.1 document',
  params: [],
  answer: { kind: 'body', types: ['application/json'], text: 'The document.' },
  example: '/api/v1/openapi.json',
  handle: () => jsonAnswer(new Uint8Array(Buffer.from(documentText()))),
};

let documentCache: string | undefined;

function documentText(): string {
  documentCache ??= JSON.stringify(openApiDocument(DOCUMENTED));
  return documentCache;
}

/**
 * Every route of the app, from which the app, the OpenAPI document and the page on the API are
 * made. Pushes are not among them: they are taken on the raw sockets.
 */
export const ROUTES: readonly Route[] = [
  ...queryRoutes,
  ...explainRoutes,
  ...exemplarRoutes,
  ...labelRoutes,
  ...metadataRoutes,
  ...sourceRoutes,
  ...targetRoutes,
  ...agentRoutes,
  ...identityRoutes,
  ...completenessRoutes,
  ...ruleRoutes,
  ...statusRoutes,
  documentRoute,
  ...adminRoutes,
  ...readRoutes,
  ...federateRoutes,
  ...managementRoutes,
];

/** All that the documents tell: the routes, and what takes pushes. */
export const DOCUMENTED: readonly RouteSpec[] = [...ROUTES, ...PUSH_SPECS];
