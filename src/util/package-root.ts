import { existsSync } from 'node:fs';

/**
 * The folder of the installed package (or checkout), as a URL ending in a slash: the nearest folder
 * with a `package.json`, seen from this module. Right from the sources and from any bundle under
 * `dist/`.
 */
export function packageRoot(): URL {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(new URL('package.json', folder))) {
    const parent = new URL('..', folder);
    if (parent.href === folder.href) {
      throw new Error(`no package.json above ${import.meta.url}: the package is incomplete`);
    }
    folder = parent;
  }
  return folder;
}
