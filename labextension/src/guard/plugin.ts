import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ILeaseModel } from '../tokens';

/** Notices keys in cells before they are saved. */
export const guard: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-qcred:guard',
  description: 'Notices keys that are pasted or typed into cells, and offers to store them.',
  autoStart: true,
  requires: [ILeaseModel, INotebookTracker],
  optional: [ICommandPalette, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: ILeaseModel,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_qcred');
    // The patterns are as long as all the rest: the lab does not wait for them.
    void app.restored
      .then(() => import('./notebooks'))
      .then(({ guardNotebooks }) =>
        guardNotebooks({ app, model, tracker, palette, registry, trans })
      );
  }
};
