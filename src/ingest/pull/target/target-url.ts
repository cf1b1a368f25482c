interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly params: ReadonlyMap<string, readonly string[]>;
}

/**
 * The URL of a target, escaped as Go's `net/url` does it, which is what shows in Prometheus's API
 * and what decides whether two targets are one: parameters in order of their names, a blank in
 * them as `+`.
 */
export function targetUrl(parts: UrlParts): string {
  const path = escapePath(parts.path);
  const slash = path === '' || path.startsWith('/') ? '' : '/';
  const query = encodeQuery(parts.params);
  return `${parts.scheme}://${parts.host}${slash}${path}${query === '' ? '' : `?${query}`}`;
}

function encodeQuery(params: ReadonlyMap<string, readonly string[]>): string {
  const names = [...params.keys()].sort();
  return names
    .flatMap((name) =>
      (params.get(name) ?? []).map((value) => `${escapeQuery(name)}=${escapeQuery(value)}`),
    )
    .join('&');
}

function escapePath(path: string): string {
  return encodeURI(path).replace(/[#?!'()*]/g, percent);
}

function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, percent)
    .replaceAll('%20', '+');
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
