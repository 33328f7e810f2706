import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { LeaseActions } from './actions';
import type { CurrentNotebook } from './current';
import { keyIcon } from './icon';
import type { Login } from './login';
import type { Panel } from './panel';
import type { ILease } from './snapshot';
import type { Kind } from './snippets';
import { chosen, insert, namesFor } from './snippets';
import type { ILeaseModel } from './tokens';

/** The ids of our commands. */
export const CommandIDs = {
  showPanel: 'qcred:show-panel',
  refresh: 'qcred:refresh',
  login: 'qcred:login',
  renew: 'qcred:renew',
  revokeKernel: 'qcred:revoke-kernel',
  revokeAll: 'qcred:revoke-all',
  insertClient: 'qcred:insert-client',
  insertGet: 'qcred:insert-get',
  insertUse: 'qcred:insert-use',
  insertRequires: 'qcred:insert-requires'
} as const;

export interface ICommandsOptions {
  readonly app: JupyterFrontEnd;
  readonly palette: ICommandPalette | null;
  readonly model: ILeaseModel;
  readonly current: CurrentNotebook;
  readonly actions: LeaseActions;
  readonly login: Login;
  readonly panel: Panel;
  readonly trans: TranslationBundle;
}

/** Add our commands, and show them in the palette. */
export function addCommands(options: ICommandsOptions): void {
  const { app, palette, model, current, actions, login, panel, trans } = options;
  const { commands } = app;
  const all = (): readonly ILease[] => model.state.snapshot?.leases ?? [];
  const own = (): readonly ILease[] => all().filter(lease => lease.kernel === current.kernel);

  commands.addCommand(CommandIDs.showPanel, {
    label: trans.__('Show Quantum Credentials'),
    caption: trans.__('Show what kernels hold, for how long, and how to end it'),
    icon: keyIcon,
    execute: () => app.shell.activateById(panel.id)
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh Quantum Credentials'),
    execute: () => model.refresh()
  });
  commands.addCommand(CommandIDs.login, {
    label: trans.__('Log in at the Issuer of Credentials…'),
    caption: trans.__('Open the issuer’s page in a window of its own'),
    isEnabled: () => model.state.snapshot?.login != null,
    execute: () => login.start()
  });
  commands.addCommand(CommandIDs.renew, {
    label: trans.__('Renew the Credentials of This Kernel'),
    isEnabled: () => own().length > 0,
    execute: async () => {
      for (const lease of own()) {
        await actions.renew(lease);
      }
    }
  });
  commands.addCommand(CommandIDs.revokeKernel, {
    label: trans.__('Revoke All That This Kernel Holds…'),
    isEnabled: () => own().length > 0,
    execute: async () => {
      const kernel = current.kernel;
      if (kernel !== null) {
        await actions.revokeAll(own(), { kernel });
      }
    }
  });
  commands.addCommand(CommandIDs.revokeAll, {
    label: trans.__('Revoke What All Kernels Hold…'),
    isEnabled: () => all().length > 0,
    execute: () => actions.revokeAll(all(), { all: true })
  });
  addSnippets(options);
  const category = trans.__('Quantum Credentials');
  for (const command of Object.values(CommandIDs)) {
    palette?.addItem({ command, category });
  }
  const changed = (): void => commands.notifyCommandChanged();
  model.changed.connect(changed);
  current.changed.connect(changed);
}

/** Each asks for the credential, unless it is given as the argument `credential`. */
function addSnippets({ app, model, current, trans }: ICommandsOptions): void {
  const names = (): readonly string[] => namesFor(model.state.snapshot, current.kernel);
  const kinds: readonly [string, Kind, string][] = [
    [CommandIDs.insertClient, 'client', trans.__('Insert a Vendor’s Client…')],
    [CommandIDs.insertGet, 'get', trans.__('Insert a Credential…')],
    [CommandIDs.insertUse, 'use', trans.__('Insert a Block With a Credential in Its Environment…')],
    [CommandIDs.insertRequires, 'requires', trans.__('Insert What This Notebook Requires…')]
  ];
  for (const [id, kind, label] of kinds) {
    app.commands.addCommand(id, {
      label,
      caption: trans.__('Write the line that uses a credential into a cell'),
      isEnabled: () => names().length > 0,
      execute: async args => {
        const asked = args.credential;
        const name = typeof asked === 'string' ? asked : await chosen(names(), trans);
        const panel = current.panel;
        if (name !== null && names().includes(name) && panel !== null) {
          insert(panel, kind, name);
        }
      }
    });
  }
}
