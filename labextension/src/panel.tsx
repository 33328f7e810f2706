import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import type { JSX } from 'react';

import type { LeaseActions } from './actions';
import type { CurrentNotebook } from './current';
import { keyIcon } from './icon';
import { Debts } from './parts/debts';
import { IssuerLine } from './parts/issuer';
import { Kernels } from './parts/kernels';
import { LoginNeeded } from './parts/login';
import { Redactions } from './parts/redactions';
import type { NextSteps } from './nextSteps';
import type { Login } from './login';
import { isNeeded } from './login';
import type { NotebookRedactions } from './redactions';
import type { ISnapshot, IWarning } from './snapshot';
import type { ILeaseModel } from './tokens';
import { useNow } from './useNow';

export interface IPanelOptions {
  readonly model: ILeaseModel;
  readonly current: CurrentNotebook;
  readonly actions: LeaseActions;
  readonly steps: NextSteps;
  readonly login: Login;
  readonly redactions: NotebookRedactions;
  readonly trans: TranslationBundle;
}

/** Everything about the leases of this server's kernels. */
export class Panel extends ReactWidget {
  constructor(private readonly options: IPanelOptions) {
    super();
    const { trans } = options;
    this.id = 'jupyter-qcred:panel';
    this.addClass('qcred-panel');
    this.title.icon = keyIcon;
    this.title.caption = trans.__('Quantum credentials');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Quantum credentials'));
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.options.redactions.watch(true);
    this.update();
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this.options.redactions.watch(false);
    this.update();
  }

  protected override render(): JSX.Element {
    const { model, current, redactions } = this.options;
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <UseSignal signal={current.changed}>
            {() => (
              <UseSignal signal={redactions.changed}>
                {() => <Content {...this.options} active={this.isVisible} />}
              </UseSignal>
            )}
          </UseSignal>
        )}
      </UseSignal>
    );
  }
}

function Content(props: IPanelOptions & { readonly active: boolean }): JSX.Element {
  const { model, current, actions, steps, trans, active } = props;
  const now = useNow(active);
  const { snapshot, problem } = model.state;
  return (
    <div className="qcred-content">
      {problem !== null && (
        <p className="qcred-notice qcred-error" role="alert">
          {problem.message}
        </p>
      )}
      {snapshot === null ? (
        problem === null && <p className="qcred-hint">{trans.__('Asking the server')}</p>
      ) : (
        <>
          <IssuerLine issuer={snapshot.issuer} now={now} trans={trans} />
          <LoginNeeded
            state={snapshot.login}
            held={snapshot.leases.length > 0}
            login={props.login}
            trans={trans}
          />
          <Kernels
            leases={snapshot.leases}
            warnings={besideLogin(snapshot)}
            kernel={current.kernel}
            path={current.path}
            traps={snapshot.folders.get(current.kernel ?? '') ?? []}
            storesKeys={snapshot.storesKeys}
            {...{ actions, steps, now, trans }}
          />
          <Debts
            debts={snapshot.outstanding}
            leftovers={snapshot.leftovers}
            now={now}
            trans={trans}
          />
          <Redactions {...props} />
        </>
      )}
    </div>
  );
}

/** What there is to say beside that a login is needed, which is said once and not for each. */
function besideLogin({ warnings, login }: ISnapshot): readonly IWarning[] {
  return isNeeded(login)
    ? warnings.filter(warning => warning.held || warning.code !== 'needs_login')
    : warnings;
}
