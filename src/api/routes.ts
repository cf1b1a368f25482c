import { managementRoutes } from './management.ts';
import type { Route } from './route.ts';
import { adminRoutes } from './v1/admin.ts';
import { exemplarRoutes } from './v1/exemplars.ts';
import { federateRoutes } from './v1/federate.ts';
import { labelRoutes } from './v1/labels.ts';
import { metadataRoutes } from './v1/metadata.ts';
import { queryRoutes } from './v1/query.ts';
import { readRoutes } from './v1/read.ts';
import { ruleRoutes } from './v1/rules.ts';
import { sourceRoutes } from './v1/sources.ts';
import { statusRoutes } from './v1/status.ts';
import { targetRoutes } from './v1/targets.ts';

/**
 * Every route of the app, from which the app, the OpenAPI document and the page on the API are
 * made. Pushes are not among them: they are taken on the raw sockets.
 */
export const ROUTES: readonly Route[] = [
  ...queryRoutes,
  ...exemplarRoutes,
  ...labelRoutes,
  ...metadataRoutes,
  ...sourceRoutes,
  ...targetRoutes,
  ...ruleRoutes,
  ...statusRoutes,
  ...adminRoutes,
  ...readRoutes,
  ...federateRoutes,
  ...managementRoutes,
];
