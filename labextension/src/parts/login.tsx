import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { Login } from '../login';
import { isNeeded } from '../login';
import type { ILogin } from '../wire';
import { sentences } from '../words';

interface ILoginProps {
  readonly state: ILogin | null;
  /** Something is held, and works until its end. */
  readonly held: boolean;
  readonly login: Login;
  readonly trans: TranslationBundle;
}

/** That somebody has to log in at the issuer, and the button for it. */
export function LoginNeeded({ state, held, login, trans }: ILoginProps): JSX.Element | null {
  if (state === null || !isNeeded(state)) {
    return null;
  }
  const waits = state.state === 'opened' || state.state === 'finishing';
  return (
    <div className={`qcred-notice qcred-needs-login ${held ? '' : 'qcred-error'}`} role="alert">
      <strong>{trans.__('A login is needed')}</strong>
      <p>
        {held
          ? trans.__('The issuer renews what kernels hold only if you log in there again.')
          : trans.__(
              'The issuer gives credentials to this server once you have logged in there. What waits then arrives by itself.'
            )}
      </p>
      {state.state === 'failed' && <p>{sentences(state.reason, state.next_step)}</p>}
      {waits && <p>{trans.__('Its page is open in another window.')}</p>}
      <div className="qcred-buttons">
        <button type="button" className="qcred-button" onClick={() => void login.start()}>
          {waits ? trans.__('Begin again…') : trans.__('Log in…')}
        </button>
      </div>
    </div>
  );
}
