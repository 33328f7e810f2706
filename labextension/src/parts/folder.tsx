import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import { byWeight, deedOf, placeOf } from '../folder';
import type { ITrap } from '../wire';
import { sentences } from '../words';
import { Section } from './section';

interface IFolderProps {
  readonly traps: readonly ITrap[];
  readonly trans: TranslationBundle;
}

/** What the kernel's folder holds that leads SDKs elsewhere, and what to do about it. */
export function Folder({ traps, trans }: IFolderProps): JSX.Element | null {
  if (traps.length === 0) {
    return null;
  }
  return (
    <Section title={trans.__('In this kernel’s folder')}>
      <p className="qcred-hint qcred-before-list">
        {trans.__('Vendors’ own libraries read these files. As they were when the kernel started.')}
      </p>
      <ul className="qcred-leases">
        {byWeight(traps).map((trap, number) => (
          <Trap key={number} {...{ trap, trans }} />
        ))}
      </ul>
    </Section>
  );
}

function Trap({ trap, trans }: { trap: ITrap; trans: TranslationBundle }): JSX.Element {
  const level = trap.code === 'redirected' ? 'qcred-warning' : 'qcred-over';
  return (
    <li className={`qcred-notice ${level}`} data-code={trap.code}>
      <div className="qcred-lease-head">
        <strong className="qcred-name">{placeOf(trap, trans)}</strong>
        <span>{trap.vendor === '' ? trans.__('all vendors') : trap.vendor}</span>
      </div>
      <p>
        {trap.variable !== '' && <code className="qcred-code">{trap.variable}</code>}{' '}
        {sentences(deedOf(trap))}
      </p>
      <p>{sentences(trap.next_step)}</p>
      <span className="qcred-small">{trap.path}</span>
    </li>
  );
}
