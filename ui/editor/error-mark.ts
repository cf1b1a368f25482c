import { type Diagnostic, diagnosticCount, linter } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { errorPlace, markedRange } from '../format/error-place.ts';

/** After the last key, so that a half-typed name is not called an error at once. */
const DELAY_MS = 400;

/**
 * A wave under the place where the collector's own parser stops. The grammar that colours the
 * text is another one and accepts other things, so it is never asked.
 *
 * @param check gives the collector's message, or null where it accepts the text
 */
export function errorMark(check: (expression: string) => Promise<string | null>): Extension {
  const source = async (view: EditorView): Promise<Diagnostic[]> => {
    const text = view.state.doc.toString();
    if (text.trim() === '') return [];
    const message = await check(text);
    return message === null ? [] : [diagnosticOf(message, text)];
  };
  return [
    linter(source, { delay: DELAY_MS }),
    EditorView.contentAttributes.of((view) => ({
      'aria-invalid': String(diagnosticCount(view.state) > 0),
    })),
  ];
}

/** Marks the message's place; the whole text where the message names none. */
function diagnosticOf(message: string, text: string): Diagnostic {
  const place = errorPlace(message, text);
  if (place === null) return { from: 0, to: text.length, severity: 'error', message };
  return { ...markedRange(text, place.offset), severity: 'error', message: place.message };
}
