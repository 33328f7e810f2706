import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { IIssuerHealth } from '../snapshot';
import { secondsUntil } from '../snapshot';
import { clock, complaint, roughly, sentences } from '../words';

interface IIssuerProps {
  readonly issuer: IIssuerHealth;
  readonly now: number;
  readonly trans: TranslationBundle;
}

/** Where credentials come from, and whether it answers. */
export function IssuerLine({ issuer, now, trans }: IIssuerProps): JSX.Element {
  if (issuer.failing) {
    return <Failing {...{ issuer, now, trans }} />;
  }
  return (
    <p className="qcred-issuer">
      <span
        className={`qcred-dot ${issuer.health === 'ok' ? 'qcred-ok' : ''}`}
        aria-hidden="true"
      />
      <span>
        {issuer.health === 'ok' ? trans.__('Issuer answers') : trans.__('Issuer not asked yet')}
        <span className="qcred-small">{issuer.description}</span>
      </span>
    </p>
  );
}

function Failing({ issuer, now, trans }: IIssuerProps): JSX.Element {
  const next = secondsUntil(issuer.nextTryAt, now);
  const since = Date.parse(issuer.since);
  return (
    <div className="qcred-notice qcred-error" role="alert">
      <strong>{trans.__('The issuer is unavailable')}</strong>
      <p>{sentences(complaint(issuer, trans))}</p>
      <p>
        {!Number.isNaN(since) && trans.__('Since %1.', clock(since, now))}{' '}
        {/* Not in the words that are said aloud: it changes each second. */}
        <span aria-hidden="true">
          {next !== null && next >= 1 && trans.__('Asked again in %1.', roughly(next, trans))}
          {next !== null && next < 1 && trans.__('Asked again now.')}
        </span>
      </p>
      <p>
        {trans.__(
          'What kernels hold works until its end. If it lasts, tell whoever runs the issuer.'
        )}
      </p>
    </div>
  );
}
