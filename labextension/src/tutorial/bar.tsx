import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import type { JSX, KeyboardEvent } from 'react';
import { useEffect, useState } from 'react';

import { keyIcon } from '../icon';
import { useBusy } from '../useBusy';
import type { INext, IStanding } from './standing';
import { atLength, inShort, instead, missing } from './standing';

interface IBarProps {
  readonly all: readonly IStanding[];
  readonly next: INext | null;
  readonly act: () => Promise<void>;
  readonly dismiss: () => void;
  readonly trans: TranslationBundle;
}

/** One line: what is there, what is not and what takes its place, and one button. */
export function Bar(props: IBarProps): JSX.Element | null {
  const { all, next, dismiss, trans } = props;
  const [heard, setHeard] = useState('');
  const details = atLength(all, trans);
  // What is there from the beginning is not said aloud; what changes is.
  useEffect(() => setHeard(details), [details]);
  if (all.length === 0) {
    return null;
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      dismiss();
    }
  };
  return (
    <div className="qcred-bar" onKeyDown={onKeyDown}>
      <keyIcon.react tag="span" className="qcred-bar-icon" width="16px" />
      <p className="qcred-bar-text" title={details}>
        <span>{trans.__('This notebook uses')}</span>
        {all.map(one => (
          <Entry key={one.credential} standing={one} trans={trans} />
        ))}
      </p>
      {next !== null && <Button {...props} next={next} />}
      <button
        type="button"
        className="qcred-bar-close"
        aria-label={trans.__('Dismiss')}
        title={trans.__('Dismiss until the notebook is closed')}
        onClick={dismiss}
      >
        <closeIcon.react tag="span" width="16px" />
      </button>
      <span role="status" className="qcred-only-heard">
        {heard}
      </span>
    </div>
  );
}

interface IEntryProps {
  readonly standing: IStanding;
  readonly trans: TranslationBundle;
}

function Entry({ standing, trans }: IEntryProps): JSX.Element {
  const isMissing = missing([standing]).length > 0;
  const place = isMissing ? instead(standing, trans) : '';
  return (
    <span className="qcred-bar-entry" data-state={standing.state}>
      <strong>{standing.credential}</strong>
      {': '}
      {inShort(standing, trans)}
      {place !== '' && ` (${place})`}
    </span>
  );
}

function Button({ next, act, trans }: IBarProps & { readonly next: INext }): JSX.Element {
  const [busy, during] = useBusy();
  const { credential } = next.standing;
  const label = labelOf(next, trans);
  return (
    <button
      type="button"
      className="qcred-button qcred-bar-button"
      disabled={busy}
      aria-label={trans.__('%1: %2', credential, label)}
      onClick={() => during(act())}
    >
      {label}
    </button>
  );
}

function labelOf({ step, standing }: INext, trans: TranslationBundle): string {
  switch (step) {
    case 'store':
      return trans.__('Store a Key…');
    case 'log-in':
      return trans.__('Log in…');
    case 'deliver':
      return trans.__('Get %1', standing.credential);
    case 'again':
      return trans.__('Check Again');
    case 'list':
      return trans.__('Add to the List…');
    case 'ask':
      return trans.__('Copy a Request');
  }
}
