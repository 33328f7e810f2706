import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { LeaseActions } from '../actions';
import type { CurrentNotebook } from '../current';
import type { NotebookRedactions } from '../redactions';
import type { IRedaction } from '../wire';
import { Section } from './section';

export interface IRedactionsProps {
  readonly redactions: NotebookRedactions;
  readonly current: CurrentNotebook;
  readonly actions: LeaseActions;
  readonly trans: TranslationBundle;
}

/** What is redacted in the notebook's file, and where; a click goes there. */
export function Redactions(props: IRedactionsProps): JSX.Element | null {
  const { redactions, trans } = props;
  const { value, failure } = redactions;
  if (failure !== null) {
    return (
      <Section title={trans.__('Redacted in this notebook')}>
        <p className="qcred-hint">{failure.message}</p>
      </Section>
    );
  }
  if (value === null) {
    return null;
  }
  return (
    <Section title={trans.__('Redacted in this notebook')}>
      {value.redactions.length === 0 && (
        <p className="qcred-hint">{trans.__('Nothing, in the file as it was saved.')}</p>
      )}
      <ul className="qcred-redactions">
        {value.redactions.map((one, number) => (
          <Redaction key={number} {...props} redaction={one} />
        ))}
      </ul>
      <OtherSources {...props} />
      {value.last_save?.outputs_cleared && (
        <p className="qcred-hint">{trans.__('It was saved without outputs.')}</p>
      )}
    </Section>
  );
}

function Redaction(props: IRedactionsProps & { readonly redaction: IRedaction }): JSX.Element {
  const { redaction, current, actions, trans } = props;
  const { cell, cell_id: id, title, rule, count } = redaction;
  const where = place(redaction, trans);
  return (
    <li className="qcred-redaction">
      <span>
        <strong className="qcred-name">{title === '' ? rule : title}</strong>
        {count > 1 && ` × ${count}`}
      </span>
      {cell === null ? (
        <span>{where}</span>
      ) : (
        <button
          type="button"
          className="qcred-link"
          onClick={() => void current.show({ id, number: cell })}
        >
          {where}
        </button>
      )}
      {redaction.fingerprints.length > 0 && (
        <button type="button" className="qcred-link" onClick={() => void actions.allow(redaction)}>
          {trans.__('This isn’t a secret…')}
        </button>
      )}
    </li>
  );
}

/** Code that somebody who opens the file again runs, and that is not what the screen shows. */
function OtherSources({ redactions, current, trans }: IRedactionsProps): JSX.Element | null {
  const sources = redactions.value?.last_save?.sources ?? [];
  if (sources.length === 0) {
    return null;
  }
  return (
    <div className="qcred-notice qcred-warning">
      <p>
        {trans.__(
          'The file holds other code than the screen shows: a value stood in the source. Use qcred.get(…) there.'
        )}
      </p>
      {sources.map(({ cell, cell_id: id }) => (
        <button
          key={cell}
          type="button"
          className="qcred-link"
          onClick={() => void current.show({ id, number: cell })}
        >
          {trans.__('Cell %1', cell)}
        </button>
      ))}
    </div>
  );
}

function place({ cell, part, output }: IRedaction, trans: TranslationBundle): string {
  if (cell === null) {
    return part === 'notebook' ? trans.__('the notebook’s metadata') : trans.__('the text');
  }
  switch (part) {
    case 'output':
      return trans.__('cell %1, output %2', cell, output ?? 1);
    case 'source':
      return trans.__('cell %1, source', cell);
    default:
      return trans.__('cell %1, metadata', cell);
  }
}
