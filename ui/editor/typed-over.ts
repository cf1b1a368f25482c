import { EditorView } from '@codemirror/view';

/**
 * Typing over a selection, done by the editor. Chromium would do it in the document and carry the
 * colour of the replaced text over as an inline style, which the content policy refuses with an
 * error in the console.
 */
export const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { data } = event;
    const { from, to, empty } = view.state.selection.main;
    if (event.inputType !== 'insertText' || data === null || empty || view.composing) return false;
    const replace = () =>
      view.state.update(view.state.replaceSelection(data), {
        scrollIntoView: true,
        userEvent: 'input.type',
      });
    // Such as the brackets that are put around a selection.
    const handlers = view.state.facet(EditorView.inputHandler);
    if (!handlers.some((handle) => handle(view, from, to, data, replace))) view.dispatch(replace());
    event.preventDefault();
    return true;
  },
});
