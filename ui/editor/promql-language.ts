import { LRLanguage } from '@codemirror/language';
import { parser } from '@prometheus-io/lezer-promql';

/**
 * PromQL for the editor's colours, brackets and completion. Made here from the grammar, because the
 * door of codemirror-promql also brings a linter and a caching client that the page does not use.
 */
export const promqlLanguage = LRLanguage.define({
  parser: parser.configure({ top: 'PromQL' }),
  languageData: {
    closeBrackets: { brackets: ['(', '[', '{', "'", '"', '`'] },
    commentTokens: { line: '#' },
  },
});
