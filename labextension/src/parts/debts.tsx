import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { IDebt } from '../snapshot';
import type { ILeftover } from '../wire';
import { clock, names } from '../words';
import { Section } from './section';

interface IDebtsProps {
  readonly debts: readonly IDebt[];
  readonly leftovers: readonly ILeftover[];
  readonly now: number;
  readonly trans: TranslationBundle;
}

/** What was taken from kernels, and what the issuer has not confirmed yet. */
export function Debts({ debts, leftovers, now, trans }: IDebtsProps): JSX.Element | null {
  if (debts.length === 0 && leftovers.length === 0) {
    return null;
  }
  return (
    <Section title={trans.__('Outstanding revocations')}>
      {debts.length > 0 && (
        <ul className="qcred-leases">
          {debts.map(debt => (
            <Debt key={`${debt.session} ${debt.lease_id}`} {...{ debt, now, trans }} />
          ))}
        </ul>
      )}
      {leftovers.length > 0 && (
        <p className="qcred-hint">
          {trans._n(
            'An earlier server left %1 token behind. It is revoked, or dies by itself.',
            'An earlier server left %1 tokens behind. They are revoked, or die by themselves.',
            leftovers.length
          )}
        </p>
      )}
    </Section>
  );
}

interface IDebtProps {
  readonly debt: IDebt;
  readonly now: number;
  readonly trans: TranslationBundle;
}

function Debt({ debt, now, trans }: IDebtProps): JSX.Element {
  const since = Date.parse(debt.since);
  return (
    <li className="qcred-lease">
      <strong className="qcred-name">
        {names(debt.credentials, trans) || trans.__('the token of a kernel')}
      </strong>
      <p className="qcred-small">
        {[
          !Number.isNaN(since) && trans.__('since %1', clock(since, now)),
          trans._n('asked once', 'asked %1 times', debt.attempts),
          debt.endsAt !== null && trans.__('dead by %1 at the latest', clock(debt.endsAt, now))
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {debt.reason && <p className="qcred-small">{debt.reason}.</p>}
      <p className="qcred-small">
        {trans.__('No kernel has it. The issuer is asked until it confirms.')}
      </p>
    </li>
  );
}
