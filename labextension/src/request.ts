import type { TranslationBundle } from '@jupyterlab/translation';

import type { ISnapshot } from './snapshot';
import { notebookName, sentences } from './words';

/** What somebody asks the operator about. */
export interface IQuestion {
  readonly credential: string;
  /** The notebook's file; empty where there is none. */
  readonly notebook: string;
  /** The server's words; empty where it said nothing. */
  readonly reason: string;
  readonly code: string;
}

/** Write to the operator what is needed, for whom, and what the server says: names only. */
export function request(
  { credential, notebook, reason, code }: IQuestion,
  snapshot: ISnapshot | null,
  trans: TranslationBundle
): string {
  const name = credential === '' ? trans.__('credentials') : credential;
  const lines = [
    trans.__('Please give me access to %1 in Jupyter.', name),
    '',
    trans.__('User: %1', snapshot?.user ?? ''),
    notebook === '' ? '' : trans.__('Notebook: %1', notebookName(notebook, trans)),
    reason === '' ? '' : trans.__('Jupyter says: %1 (%2)', sentences(reason), code),
    trans.__('Issuer: %1', snapshot?.issuer.description ?? ''),
    trans.__('Server: jupyter_qcred %1', snapshot?.version ?? '')
  ];
  return lines.filter((line, number) => number === 1 || line !== '').join('\n');
}
