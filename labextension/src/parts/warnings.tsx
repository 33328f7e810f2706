import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { IWarning } from '../snapshot';
import { secondsUntil } from '../snapshot';
import { isOver, shortly } from '../summary';
import { exactly, sentences } from '../words';

interface IWarningsProps {
  readonly warnings: readonly IWarning[];
  readonly now: number;
  readonly trans: TranslationBundle;
}

/** Why credentials of a kernel are missing, or will end, and what to do. */
export function Warnings({ warnings, now, trans }: IWarningsProps): JSX.Element | null {
  if (warnings.length === 0) {
    return null;
  }
  return (
    <ul className="qcred-leases">
      {warnings.map(warning => (
        <Warning key={warning.credential} {...{ warning, now, trans }} />
      ))}
    </ul>
  );
}

interface IWarningProps {
  readonly warning: IWarning;
  readonly now: number;
  readonly trans: TranslationBundle;
}

function Warning({ warning, now, trans }: IWarningProps): JSX.Element {
  const left = secondsUntil(warning.endsAt, now);
  const level = isOver(warning) ? 'qcred-over' : warning.held ? 'qcred-warning' : 'qcred-error';
  return (
    <li className={`qcred-notice ${level}`} data-code={warning.code}>
      <strong>
        {warning.credential || trans.__('All credentials')}: {shortly(warning, trans)}
      </strong>
      {left !== null && (
        <span className="qcred-small">{trans.__('It ends in %1.', exactly(left, trans))}</span>
      )}
      <p>{sentences(warning.reason, warning.next_step)}</p>
    </li>
  );
}
