import { apiPages } from '../api/openapi/index.ts';
import { documentConfiguration } from './document.ts';

/** The pages under `docs/` that are made from the code, by path. */
export function generatedPages(): { readonly path: string; readonly text: string }[] {
  return [{ path: 'docs/configuration.md', text: documentConfiguration() }, ...apiPages()];
}
