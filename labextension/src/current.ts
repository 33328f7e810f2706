import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

/** The notebook that a person works on, and its kernel. */
export class CurrentNotebook {
  /** Emitted when the notebook is another one, or its kernel, or its path. */
  readonly changed = new Signal<this, void>(this);

  constructor(private readonly tracker: INotebookTracker) {
    tracker.currentChanged.connect(() => this.tell());
    tracker.widgetAdded.connect((_, panel) => this.watch(panel));
    tracker.forEach(panel => this.watch(panel));
  }

  get panel(): NotebookPanel | null {
    return this.tracker.currentWidget;
  }

  /** The kernel's id; null where it has none. */
  get kernel(): string | null {
    return this.panel?.sessionContext.session?.kernel?.id ?? null;
  }

  /** The file, as the contents manager names it; null where no notebook is open. */
  get path(): string | null {
    return this.panel?.context.path ?? null;
  }

  /** Bring a cell into view and make it the active one; one that is gone is left alone. */
  async show(cell: { readonly id: string; readonly number: number }): Promise<void> {
    const notebook = this.panel?.content;
    if (!notebook) {
      return;
    }
    const byId = notebook.widgets.findIndex(
      widget => cell.id !== '' && widget.model.id === cell.id
    );
    const index = byId >= 0 ? byId : cell.number - 1;
    const widget = notebook.widgets[index];
    if (widget) {
      notebook.activeCellIndex = index;
      await notebook.scrollToCell(widget, 'center');
      notebook.activate();
    }
  }

  private watch(panel: NotebookPanel): void {
    const { sessionContext, context } = panel;
    sessionContext.kernelChanged.connect(() => this.tellOf(panel));
    context.pathChanged.connect(() => this.tellOf(panel));
  }

  private tellOf(panel: NotebookPanel): void {
    if (panel === this.panel) {
      this.tell();
    }
  }

  private tell(): void {
    this.changed.emit(undefined);
  }
}
