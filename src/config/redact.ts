import { isPair, isScalar, parseDocument, visit } from 'yaml';

/** Keys whose values are secrets, in Prometheus's configuration and in ours. */
const SECRET_KEYS = new Set([
  'password',
  'credentials',
  'bearer_token',
  'client_secret',
  'secret_key',
  'key',
  'token',
  'secrets',
]);

/** The same YAML with every secret replaced by `<secret>`, to be shown to anyone. */
export function redactYaml(text: string): string {
  const document = parseDocument(text);
  visit(document, {
    Pair(_key, pair) {
      if (!isPair(pair) || !isScalar(pair.key) || !SECRET_KEYS.has(String(pair.key.value))) return;
      pair.value = document.createNode('<secret>');
    },
  });
  return document.contents === null ? '' : document.toString();
}
