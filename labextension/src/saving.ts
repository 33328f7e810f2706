import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

/** The wish in a notebook's metadata; the server's refusal names it, and so is known by it. */
const WISH = 'save_without_outputs';

/** Offer a way out where the server refuses to save because redaction failed. */
export function watchSaves(tracker: INotebookTracker, trans: TranslationBundle): void {
  const watch = (panel: NotebookPanel): void => {
    panel.context.saveState.connect((_, state) => {
      if (state === 'failed' && replaceRefusal()) {
        void offer(panel, trans);
      }
    });
  };
  tracker.widgetAdded.connect((_, panel) => watch(panel));
  tracker.forEach(watch);
}

/** Close Jupyter's own message about the refusal, if there is one: ours takes its place. */
function replaceRefusal(): boolean {
  const refusal = Dialog.tracker.find(dialog => isRefusal(dialog));
  refusal?.reject();
  return refusal !== undefined;
}

function isRefusal(dialog: Dialog<unknown>): boolean {
  return dialog.node.textContent.includes(WISH);
}

async function offer(panel: NotebookPanel, trans: TranslationBundle): Promise<void> {
  const answer = await showDialog({
    title: trans.__('%1 was not saved', panel.title.label),
    body: trans.__(
      'Looking for credentials in it failed on the server, so nothing was written: the file is as it was. Your work is still in this tab. Saved without outputs, the cells are kept and no output is written; the outputs stay on the screen.'
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Do Not Save') }),
      Dialog.warnButton({ label: trans.__('Save Without Outputs') })
    ],
    defaultButton: 0
  });
  if (answer.button.accept && !panel.isDisposed) {
    await saveWithoutOutputs(panel);
  }
}

/** Save once with the wish; what is saved does not hold it, and neither does the notebook after. */
async function saveWithoutOutputs(panel: NotebookPanel): Promise<void> {
  const { model } = panel.context;
  const before: unknown = model.getMetadata('qcred');
  const ours = typeof before === 'object' ? before : {};
  model.setMetadata('qcred', { ...ours, [WISH]: true });
  try {
    await panel.context.save();
  } catch {
    // Jupyter has shown why.
  } finally {
    const dirty = model.dirty;
    if (before === undefined) {
      model.deleteMetadata('qcred');
    } else {
      model.setMetadata('qcred', before);
    }
    model.dirty = dirty;
  }
}
