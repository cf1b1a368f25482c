import type { ComponentChildren } from 'preact';
import { useApp } from '../state/app.ts';
import type { Route } from '../state/route.ts';

interface LinkProps {
  route: Route;
  class?: string;
  'aria-current'?: 'page' | undefined;
  children: ComponentChildren;
}

/** A real link to a route: plain clicks stay in the page, all others are the browser's. */
export function Link({ route, children, ...rest }: LinkProps) {
  const { router } = useApp();
  const onClick = (event: MouseEvent) => {
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!isPlain || event.altKey) return;
    event.preventDefault();
    router.go(route);
  };
  return (
    <a href={router.href(route)} onClick={onClick} {...rest}>
      {children}
    </a>
  );
}
