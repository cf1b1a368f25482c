import type { Hono } from 'hono';
import type { TargetStatus } from '../../ingest/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { success } from '../respond.ts';
import type { ApiEnv } from '../routing.ts';

/** `/api/v1/targets` and `/api/v1/scrape_pools`: what is scraped, and how it went. */
export function targetRoutes(app: Hono<ApiEnv>, deps: ApiDependencies): void {
  app.get('/targets', (context) => {
    const { params } = context.var;
    return success(filterTargets(deps.targets(), params.text('state'), params.text('scrapePool')));
  });
  app.get('/scrape_pools', () => {
    const pools = new Set(deps.targets().activeTargets.map((target) => target.scrapePool));
    return success({ scrapePools: [...pools].toSorted() });
  });
}

function filterTargets(view: TargetStatus, state: string, pool: string): TargetStatus {
  const active = state === '' || state === 'any' || state === 'active';
  const dropped = state === '' || state === 'any' || state === 'dropped';
  return {
    activeTargets: active
      ? view.activeTargets.filter((target) => pool === '' || target.scrapePool === pool)
      : [],
    droppedTargets: dropped
      ? view.droppedTargets.filter((target) => pool === '' || target.scrapePool === pool)
      : [],
    droppedTargetCounts: dropped ? view.droppedTargetCounts : {},
  };
}
