import { DEFAULT_QUERY, DEFAULT_SOURCES, type Route } from '../state/route.ts';
import { useApp } from '../state/app.ts';
import { Mark, MoonIcon, SunIcon } from './icons.tsx';
import { Link } from './link.tsx';

const PAGES: readonly { title: string; route: Route }[] = [
  { title: 'Query', route: DEFAULT_QUERY },
  { title: 'Sources', route: DEFAULT_SOURCES },
  { title: 'Status', route: { page: 'status' } },
];

/** Name, pages, and the switch of the colour scheme. */
export function Header() {
  const { router, theme } = useApp();
  const current = router.route.value.page;
  const next = theme.dark.value ? 'light' : 'dark';
  return (
    <header class="header">
      <Link route={DEFAULT_QUERY} class="brand">
        <Mark />
        <span>Tidegauge</span>
      </Link>
      <nav aria-label="Pages">
        {PAGES.map(({ title, route }) => (
          <Link
            key={title}
            route={route}
            class="nav-link"
            aria-current={route.page === current ? 'page' : undefined}
          >
            {title}
          </Link>
        ))}
      </nav>
      <button
        type="button"
        class="icon-button"
        onClick={theme.toggle}
        aria-label={`Use the ${next} colour scheme`}
        title={`Use the ${next} colour scheme`}
      >
        {theme.dark.value ? <SunIcon /> : <MoonIcon />}
      </button>
    </header>
  );
}
