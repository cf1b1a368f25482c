import type { Document, Node } from 'yaml';
import { isAlias, isNode, isScalar, parseDocument, visit } from 'yaml';

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

const SHOWN = '<secret>';

/**
 * The same YAML with every secret replaced by `<secret>`, to be shown to anyone. Comments are left
 * out: they may hold a secret that was a setting once.
 */
export function redactYaml(text: string): string {
  const document = parseDocument(text);
  removeComments(document);
  visit(document, {
    Node: (_key, node) => removeComments(node),
    Pair(_key, pair) {
      if (!isScalar(pair.key) || !SECRET_KEYS.has(String(pair.key.value))) return;
      if (isNode(pair.value) && !isAlias(pair.value)) hideScalars(document, pair.value);
      else pair.value = document.createNode(SHOWN);
    },
  });
  return document.contents === null ? '' : document.toString();
}

/** Every scalar stays where it is, as others may refer to it, and loses its text. */
function hideScalars(document: Document, secret: Node): void {
  visit(secret, {
    Alias: () => document.createNode(SHOWN),
    Scalar(key, scalar) {
      if (key === 'key') return;
      scalar.value = SHOWN;
      scalar.type = 'PLAIN';
      delete scalar.source;
      delete scalar.tag;
    },
  });
}

function removeComments(node: { comment?: unknown; commentBefore?: unknown }): void {
  node.comment = undefined;
  node.commentBefore = undefined;
}
