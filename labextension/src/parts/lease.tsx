import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { LeaseActions } from '../actions';
import type { ILease } from '../snapshot';
import { secondsUntil } from '../snapshot';
import { endsUnrenewed } from '../summary';
import { useBusy } from '../useBusy';
import { STATIC, ending, exactly } from '../words';

export interface ILeaseProps {
  readonly lease: ILease;
  readonly actions: LeaseActions;
  readonly now: number;
  readonly trans: TranslationBundle;
}

/** One credential of one kernel. */
export function LeaseCard(props: ILeaseProps): JSX.Element {
  const { lease, now, trans } = props;
  return (
    <li className="qcred-lease" data-credential={lease.credential}>
      <div className="qcred-lease-head">
        <strong className="qcred-name">{lease.credential}</strong>
        <TimeLeft {...props} />
      </div>
      <Labels lease={lease} trans={trans} />
      <p className="qcred-small">{facts(lease, trans)}</p>
      <p className="qcred-small">{ending(lease, now, trans)}.</p>
      <Buttons {...props} />
    </li>
  );
}

function facts(lease: ILease, trans: TranslationBundle): string {
  const vendor = lease.vendor === lease.credential ? [] : [lease.vendor];
  const how = lease.delivery === 'direct' ? [trans.__('held in the kernel itself')] : [];
  const renewals =
    lease.renewals > 0 ? [trans._n('renewed once', 'renewed %1 times', lease.renewals)] : [];
  return [...vendor, ...how, ...renewals].join(' · ');
}

function TimeLeft({ lease, now, trans }: ILeaseProps): JSX.Element {
  const left = secondsUntil(lease.endsAt, now);
  if (left === null) {
    return <span className="qcred-left">{trans.__('until the kernel ends')}</span>;
  }
  const late = endsUnrenewed(lease, now, Infinity);
  return (
    <span className={`qcred-left ${late ? 'qcred-late' : ''}`} role="timer" aria-live="off">
      {left > 0 ? exactly(left, trans) : trans.__('ended')}
    </span>
  );
}

function Labels({ lease, trans }: Pick<ILeaseProps, 'lease' | 'trans'>): JSX.Element | null {
  const shown = Object.entries(lease.labels).filter(([name]) => name !== STATIC);
  if (shown.length === 0) {
    return null;
  }
  return (
    <ul className="qcred-labels" aria-label={trans.__('Labels')}>
      {shown.map(([name, value]) => (
        <li
          key={name}
          className={`qcred-label qcred-label-${name === 'environment' ? 'env' : 'other'}`}
        >
          {name === 'environment' ? value : `${name}: ${value}`}
        </li>
      ))}
    </ul>
  );
}

function Buttons({ lease, actions, trans }: ILeaseProps): JSX.Element {
  const [busy, during] = useBusy();
  return (
    <div className="qcred-buttons">
      <button
        type="button"
        className="qcred-button"
        disabled={busy}
        aria-label={trans.__('Renew %1', lease.credential)}
        onClick={() => during(actions.renew(lease))}
      >
        {trans.__('Renew')}
      </button>
      <button
        type="button"
        className="qcred-button qcred-danger"
        disabled={busy}
        aria-label={trans.__('Revoke %1', lease.credential)}
        onClick={() => during(actions.revoke(lease))}
      >
        {trans.__('Revoke…')}
      </button>
    </div>
  );
}
