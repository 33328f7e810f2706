import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { NextSteps } from '../nextSteps';
import type { IWarning } from '../snapshot';
import { secondsUntil } from '../snapshot';
import { isOver, isPending, shortly } from '../summary';
import { actionFor } from '../steps';
import { useBusy } from '../useBusy';
import { exactly, sentences } from '../words';

interface IWarningsProps {
  readonly warnings: readonly IWarning[];
  /** The file of the kernel's notebook; empty where nobody knows it. */
  readonly notebook: string;
  readonly steps: NextSteps;
  /** Keys can be stored from here. */
  readonly storesKeys: boolean;
  readonly now: number;
  readonly trans: TranslationBundle;
}

/** Why credentials of a kernel are missing, or will end, and what to do. */
export function Warnings(props: IWarningsProps): JSX.Element | null {
  const { warnings } = props;
  if (warnings.length === 0) {
    return null;
  }
  return (
    <ul className="qcred-leases">
      {warnings.map(warning => (
        <Warning key={warning.credential} {...props} warning={warning} />
      ))}
    </ul>
  );
}

type IWarningProps = IWarningsProps & { readonly warning: IWarning };

function Warning(props: IWarningProps): JSX.Element {
  const { warning, now, trans } = props;
  const left = secondsUntil(warning.endsAt, now);
  const level = isOver(warning) ? 'over' : warning.held || isPending(warning) ? 'warning' : 'error';
  return (
    <li className={`qcred-notice qcred-${level}`} data-code={warning.code}>
      <strong>
        {warning.credential || trans.__('All credentials')}: {shortly(warning, trans)}
      </strong>
      {left !== null && (
        <span className="qcred-small">{trans.__('It ends in %1.', exactly(left, trans))}</span>
      )}
      <p>{sentences(warning.reason, warning.next_step)}</p>
      <Action {...props} />
    </li>
  );
}

/** What a person can do about it, where there is something. */
function Action(props: IWarningProps): JSX.Element | null {
  const { warning, notebook, steps, storesKeys, trans } = props;
  const { credential, kernel, code, reason } = warning;
  const [busy, during] = useBusy();
  const action = actionFor(warning, storesKeys);
  if (action === null) {
    return null;
  }
  const [label, act] = {
    store: [trans.__('Store a Key…'), () => during(steps.store(kernel, credential))] as const,
    again: [trans.__('Check Again'), () => during(steps.deliver(kernel, credential))] as const,
    ask: [
      trans.__('Copy a Request'),
      () => steps.ask({ credential, notebook, reason, code })
    ] as const
  }[action];
  return (
    <div className="qcred-buttons">
      <button
        type="button"
        className="qcred-button"
        disabled={busy}
        aria-label={credential === '' ? label : trans.__('%1: %2', credential, label)}
        onClick={act}
      >
        {label}
      </button>
    </div>
  );
}
