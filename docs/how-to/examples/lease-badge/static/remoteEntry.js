/* A whole prebuilt extension in one file, without a build. It is what a bundler makes of one whose
 * package.json shares `jupyter-qcred`, and does not bundle it. */
(() => {
  let shared;

  /* The one copy of a package that JupyterLab and all its extensions use. */
  const use = async name => {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  };

  const extension = async () => {
    const { ILeaseModel } = await use('jupyter-qcred');
    const { Widget } = await use('@lumino/widgets');
    return {
      id: 'lease-badge:plugin',
      autoStart: true,
      requires: [ILeaseModel],
      activate: (app, leases) => {
        const badge = new Widget();
        badge.id = 'lease-badge';
        app.shell.add(badge, 'top', { rank: 900 });

        const show = () => {
          const held = leases.state.snapshot?.leases ?? [];
          badge.node.textContent = held.map(lease => lease.credential).join(', ') || 'nothing';
        };
        leases.changed.connect(show);
        show();

        app.commands.addCommand('lease-badge:take-back', {
          label: 'Take Back One Credential',
          execute: ({ credential }) => leases.revoke({ credential })
        });
      }
    };
  };

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB['lease-badge'] = {
    init: scope => {
      shared = scope;
    },
    get: async () => {
      const made = await extension();
      return () => ({ __esModule: true, default: made });
    }
  };
})();
