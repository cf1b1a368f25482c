import { useEffect } from 'preact/hooks';
import { Header } from '../components/header.tsx';
import { Link } from '../components/link.tsx';
import { StatusStrip } from '../components/status-strip.tsx';
import { useApp } from '../state/app.ts';
import { DEFAULT_QUERY, type Route } from '../state/route.ts';
import { QueryPage } from './query-page.tsx';
import { SourcesPage } from './sources-page.tsx';
import { StatusPage } from './status-page.tsx';

/** The frame of all pages. */
export function Shell() {
  const { router } = useApp();
  const route = router.route.value;
  const title = titleOf(route);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the page
      </a>
      <Header />
      <div id="content" class="content" tabIndex={-1}>
        <Page route={route} />
      </div>
      <StatusStrip />
    </>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'query':
      return <QueryPage route={route} />;
    case 'sources':
      return <SourcesPage route={route} />;
    case 'status':
      return <StatusPage />;
    case 'unknown':
      return (
        <main class="page empty">
          <h1>There is no such page</h1>
          <p>
            <Link route={DEFAULT_QUERY}>Go to the query page</Link>
          </p>
        </main>
      );
  }
}

function titleOf(route: Route): string {
  if (route.page === 'sources') return 'Sources · Tidegauge';
  if (route.page === 'status') return 'Status · Tidegauge';
  if (route.page !== 'query' || route.expression === '') return 'Tidegauge';
  const line = route.expression.replace(/\s+/g, ' ');
  return `${line.length > 60 ? `${line.slice(0, 59)}…` : line} · Tidegauge`;
}
