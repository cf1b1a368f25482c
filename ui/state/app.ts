import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { ApiClient } from '../api/client.ts';
import { createClock } from './clock.ts';
import { createHistory } from './history.ts';
import { createQueryRunner } from './query-runner.ts';
import { Router } from './router.ts';
import { createSources } from './sources.ts';
import { createStatus } from './status.ts';
import { createTheme } from './theme.ts';

/** All state of the page; made once, passed down by context. */
export function createApp() {
  const router = new Router();
  const baseUrl = router.base.replace(/\/$/, '');
  const client = new ApiClient({ baseUrl, fetch: (url, init) => fetch(url, init) });
  return {
    router,
    client,
    theme: createTheme(),
    clock: createClock(),
    history: createHistory(),
    query: createQueryRunner(client),
    sources: createSources(client),
    status: createStatus(client),
  };
}

export type App = ReturnType<typeof createApp>;

export const AppContext = createContext<App | null>(null);

/** The page's state; only below AppContext. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error('useApp was called outside of AppContext');
  return app;
}
