import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { CurrentNotebook } from './current';
import { keyIcon } from './icon';
import type { Login } from './login';
import { isNeeded } from './login';
import type { ISummary } from './summary';
import { summarize } from './summary';
import type { ILeaseModel } from './tokens';
import { useNow } from './useNow';

export interface IStatusOptions {
  readonly model: ILeaseModel;
  readonly current: CurrentNotebook;
  readonly login: Login;
  readonly trans: TranslationBundle;
  /** Seconds before an end from which on it may be warned of. */
  readonly warnBefore: () => number;
  readonly open: () => void;
}

/** One line about the current notebook's kernel; a click opens the panel. */
export class StatusItem extends ReactWidget {
  constructor(private readonly options: IStatusOptions) {
    super();
    this.addClass('qcred-status-item');
  }

  protected override render(): JSX.Element {
    const { model, current } = this.options;
    return (
      <UseSignal signal={model.changed}>
        {() => <UseSignal signal={current.changed}>{() => <Status {...this.options} />}</UseSignal>}
      </UseSignal>
    );
  }
}

function Status(options: IStatusOptions): JSX.Element | null {
  const { model, current, login, trans, warnBefore, open } = options;
  const now = useNow();
  const summary = summarize(model.state, current.kernel, now, warnBefore(), trans);
  if (summary.level === 'none') {
    return null;
  }
  return (
    <>
      <button
        type="button"
        className={`qcred-status qcred-${summary.level}`}
        title={summary.details}
        aria-label={trans.__('Quantum credentials: %1. %2', summary.text, summary.details)}
        onClick={open}
      >
        <keyIcon.react tag="span" className="qcred-status-icon" width="14px" />
        <span className="qcred-status-text">{summary.text}</span>
      </button>
      {isNeeded(model.state.snapshot?.login) && (
        <button type="button" className="qcred-status-login" onClick={() => void login.start()}>
          {trans.__('Log in…')}
        </button>
      )}
      <span role="status" className="qcred-only-heard">
        {heard(summary)}
      </span>
    </>
  );
}

/** Said aloud once when it comes up; a countdown would be said each second. */
function heard({ level, details }: ISummary): string {
  return level === 'warning' || level === 'error' ? details : '';
}
