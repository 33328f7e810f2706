import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { LeaseActions } from './actions';
import { LeaseClient } from './client';
import { addCommands } from './commands';
import { CurrentNotebook } from './current';
import { browser, Login } from './login';
import { LeaseModel } from './model';
import { notifications } from './notify';
import { Panel } from './panel';
import { NextSteps } from './nextSteps';
import { NotebookRedactions } from './redactions';
import { watchSaves } from './saving';
import { Settings } from './settings';
import { StatusItem } from './status';
import { page } from './surroundings';
import { ILeaseModel } from './tokens';
import { addBanners } from './tutorial/banners';
import { Dismissed } from './tutorial/dismissed';

/** Provides the leases of this server's kernels; other extensions may use it, too. */
export const model: JupyterFrontEndPlugin<ILeaseModel> = {
  id: 'jupyter-qcred:model',
  description: 'Knows what the kernels of this server hold.',
  autoStart: true,
  provides: ILeaseModel,
  activate: (app: JupyterFrontEnd) => {
    const leases = new LeaseModel(new LeaseClient(app.serviceManager.serverSettings), page);
    // What opens the lab has the connections to the server for itself.
    void app.restored.then(() => leases.follow());
    return leases;
  }
};

/** The line in the status bar, the panel and the commands. */
export const view: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-qcred:plugin',
  description: 'Shows what kernels hold of quantum clouds, for how long, and how to end it.',
  autoStart: true,
  requires: [ILeaseModel, INotebookTracker],
  optional: [ICommandPalette, ILayoutRestorer, ISettingRegistry, IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    leases: ILeaseModel,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_qcred');
    const settings = new Settings(registry, view.id);
    const current = new CurrentNotebook(tracker);
    const actions = new LeaseActions(leases, trans);
    const login = new Login(leases, browser, notifications, trans);
    const redactions = new NotebookRedactions(leases, current);
    const client = new LeaseClient(app.serviceManager.serverSettings);
    const steps = new NextSteps(leases, client, trans);
    const panel = new Panel({ model: leases, current, actions, login, steps, redactions, trans });
    app.shell.add(panel, 'right', { rank: 900, type: 'Quantum credentials' });
    restorer?.add(panel, panel.id);
    const item = new StatusItem({
      model: leases,
      current,
      login,
      trans,
      warnBefore: () => settings.warnBefore,
      open: () => app.shell.activateById(panel.id)
    });
    settings.changed.connect(() => item.update());
    if (statusBar) {
      statusBar.registerStatusItem(view.id, { item, align: 'left', rank: 30 });
    } else {
      // Notebook 7 has no status bar; there, a kernel's state stands beside the menu.
      item.id = 'jupyter-qcred:status';
      app.shell.add(item, 'menu', { rank: 900 });
    }
    watchSaves(tracker, trans);
    addBanners(tracker, {
      model: leases,
      steps,
      dismissed: new Dismissed(() => window.sessionStorage),
      logIn: () => logIn(app, panel),
      restart: () => void app.commands.execute('notebook:restart-kernel'),
      trans
    });
    addCommands({ app, palette, model: leases, current, actions, login, panel, trans });
  }
};

/** Log in at the issuer; the panel says how where no page can be opened for that. */
function logIn({ commands, shell }: JupyterFrontEnd, panel: Panel): void {
  const command = 'qcred:login';
  if (commands.hasCommand(command) && commands.isEnabled(command)) {
    void commands.execute(command);
  } else {
    shell.activateById(panel.id);
  }
}
