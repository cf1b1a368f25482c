import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { formatRoute, parseRoute, type Route } from './route.ts';

/** Keeps the shown route and the browser's address the same. */
export class Router {
  readonly #route: Signal<Route>;
  /** Path that all pages and the API are below, with a slash at its end. */
  readonly base: string;

  constructor() {
    // All pages are one segment below the base, so that it is the folder of the current address.
    this.base = new URL('.', location.href).pathname;
    this.#route = signal(this.#read());
    addEventListener('popstate', () => {
      this.#route.value = this.#read();
    });
  }

  get route(): ReadonlySignal<Route> {
    return this.#route;
  }

  /** Shows a route; `replace` puts no new entry into the browser's history. */
  go(route: Route, options: { replace?: boolean } = {}): void {
    const address = this.href(route);
    if (options.replace === true) history.replaceState(null, '', address);
    else if (address !== location.pathname + location.search) history.pushState(null, '', address);
    this.#route.value = route;
  }

  href(route: Route): string {
    return this.base + formatRoute(route);
  }

  #read(): Route {
    return parseRoute(location.pathname.slice(this.base.length), location.search);
  }
}
