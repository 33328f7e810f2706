import { InputDialog } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ISnapshot } from './snapshot';

/** Ways to use a credential in a cell. */
export const KINDS = ['client', 'get', 'use', 'requires'] as const;
export type Kind = (typeof KINDS)[number];

const IMPORT = 'import jupyter_qcred as qcred';

/**
 * Write the lines that use a credential.
 *
 * @param name of the credential; letters, digits and hyphens
 * @param imported the notebook imports the package already
 */
export function snippet(kind: Kind, name: string, imported: boolean): string {
  const lines = {
    client: `service = qcred.client("${name}")`,
    get: `cred = qcred.get("${name}")`,
    use: `with qcred.use("${name}"):\n    ...`,
    requires: `qcred.requires("${name}")`
  };
  return imported ? lines[kind] : `${IMPORT}\n\n${lines[kind]}`;
}

/** The names that may be inserted for a kernel, in the order of the alphabet. */
export function namesFor(snapshot: ISnapshot | null, kernel: string | null): readonly string[] {
  const available = kernel === null ? undefined : snapshot?.available.get(kernel);
  return [...new Set(available?.map(one => one.credential))].sort();
}

/** Let a person choose one of the names; null where they did not, or there is none. */
export async function chosen(
  all: readonly string[],
  trans: TranslationBundle
): Promise<string | null> {
  const { value } = await InputDialog.getItem({
    title: trans.__('Which credential?'),
    items: [...all],
    editable: false,
    okLabel: trans.__('Insert')
  });
  return value;
}

/** Write a snippet into the active cell if that is empty, else into a new one below it. */
export function insert(panel: NotebookPanel, kind: Kind, name: string): void {
  const { content } = panel;
  const imported = content.widgets.some(cell => cell.model.sharedModel.source.includes(IMPORT));
  const active = content.activeCell?.model;
  if (active?.type !== 'code' || active.sharedModel.source.trim() !== '') {
    NotebookActions.insertBelow(content);
  }
  content.activeCell?.model.sharedModel.setSource(snippet(kind, name, imported));
  content.activate();
}
