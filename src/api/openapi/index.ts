import { DOCUMENTED } from '../routes.ts';
import { openApiDocument } from './document.ts';
import { jsonText } from './json-text.ts';
import { documentApi } from './markdown.ts';

/** The pages on the API that are made from the table of routes, by path. */
export function apiPages(): { readonly path: string; readonly text: string }[] {
  return [
    { path: 'docs/http-api.md', text: documentApi(DOCUMENTED) },
    { path: 'docs/openapi.json', text: jsonText(openApiDocument(DOCUMENTED)) },
  ];
}
