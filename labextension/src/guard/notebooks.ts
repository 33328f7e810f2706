import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { LeaseClient } from '../client';
import { Settings } from '../settings';
import { namesFor } from '../snippets';
import type { ILeaseModel } from '../tokens';
import { GuardedCells } from './cells';
import { Memory } from './memory';
import { NoticeWidget } from './notice';

/** Whose schema has the setting. */
const SETTINGS = 'jupyter-qcred:plugin';
const COMMAND = 'qcred:show-noticed';

export interface IGuarded {
  readonly app: JupyterFrontEnd;
  readonly model: ILeaseModel;
  readonly tracker: INotebookTracker;
  readonly palette: ICommandPalette | null;
  readonly registry: ISettingRegistry | null;
  readonly trans: TranslationBundle;
}

/** Look at the cells of every notebook that is open, or will be. */
export function guardNotebooks(guarded: IGuarded): void {
  const { app, model, tracker, palette, registry, trans } = guarded;
  const settings = new Settings(registry, SETTINGS);
  const client = new LeaseClient(app.serviceManager.serverSettings);
  const memory = new Memory();
  const notices = new Map<NotebookPanel, NoticeWidget>();

  const begin = (panel: NotebookPanel): void => {
    const shared = panel.content.model?.sharedModel;
    if (!settings.pasteGuard || !panel.node.isConnected || notices.has(panel) || !shared) {
      return;
    }
    const isPython = (): boolean => panel.content.codeMimetype.includes('python');
    const cells = new GuardedCells(shared, memory, isPython);
    const kernel = (): string | null => panel.sessionContext.session?.kernel?.id ?? null;
    const notice = new NoticeWidget({
      cells,
      memory,
      model,
      client,
      trans,
      available: () => namesFor(model.state.snapshot, kernel()),
      show: cell => void show(panel, cell),
      leave: () => panel.content.activate()
    });
    notice.disposed.connect(() => cells.dispose());
    cells.changed.connect(() => app.commands.notifyCommandChanged(COMMAND));
    Widget.attach(notice, panel.node);
    notices.set(panel, notice);
  };
  const end = (panel: NotebookPanel): void => {
    const notice = notices.get(panel);
    notices.delete(panel);
    if (notice) {
      remove(notice);
    }
  };
  const watch = (panel: NotebookPanel): void => {
    panel.disposed.connect(() => end(panel));
    void panel.context.ready.then(() => begin(panel));
  };
  tracker.widgetAdded.connect((_, panel) => watch(panel));
  tracker.forEach(watch);
  // One that was not in the page yet when its file had come.
  tracker.currentChanged.connect((_, panel) => panel?.context.isReady && begin(panel));
  settings.changed.connect(() => tracker.forEach(settings.pasteGuard ? begin : end));

  const current = (): NoticeWidget | undefined =>
    tracker.currentWidget ? notices.get(tracker.currentWidget) : undefined;
  app.commands.addCommand(COMMAND, {
    label: trans.__('Go to the Key That Was Noticed'),
    caption: trans.__('Choose what becomes of a key in a cell'),
    isEnabled: () => current()?.speaks ?? false,
    execute: () => {
      // A palette that closes gives the keyboard back to the notebook, and takes some time for it.
      (document.activeElement as HTMLElement | null)?.blur();
      setTimeout(() => current()?.focus(), 100);
    }
  });
  palette?.addItem({ command: COMMAND, category: trans.__('Quantum Credentials') });
}

/** Dispose of a notice, also where its notebook was taken from the page before. */
function remove(notice: NoticeWidget): void {
  if (!notice.node.isConnected) {
    // It is no child that Lumino would tell.
    MessageLoop.sendMessage(notice, Widget.Msg.BeforeDetach);
    MessageLoop.sendMessage(notice, Widget.Msg.AfterDetach);
  }
  notice.dispose();
}

async function show({ content }: NotebookPanel, cell: string): Promise<void> {
  const index = content.widgets.findIndex(widget => widget.model.id === cell);
  const widget = content.widgets[index];
  if (widget) {
    content.activeCellIndex = index;
    await content.scrollToCell(widget, 'center');
    content.activate();
  }
}
