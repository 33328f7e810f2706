import type { FormEvent, JSX } from 'react';
import { useId, useState } from 'react';

import { QcredError } from '../errors';
import { NAME } from '../wire';
import type { INotice, IReplaced } from './cells';
import { keep, parts, proposed } from './keep';
import type { INoticeOptions } from './notice';

interface IFormProps extends INoticeOptions {
  readonly notice: INotice;
  readonly ask: (secret: string | null) => void;
  readonly finish: (done: IReplaced & { readonly name: string; readonly stored: boolean }) => void;
}

/** Asks what the credential is to be called, and stores it. */
export function Form(props: IFormProps): JSX.Element {
  const { client, cells, memory, trans, notice, available, ask, finish } = props;
  const [name, setName] = useState(() => proposed(notice, memory).name);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<QcredError | null>(null);
  const id = useId();
  const all = parts(notice, cells.notices);
  const names = available();
  const taken = refusal?.code === 'already_stored';
  const store = async (): Promise<void> => {
    setBusy(true);
    try {
      const replaced = await keep(client, cells, memory, all, name, taken);
      finish({ ...replaced, name, stored: true });
    } catch (error) {
      setRefusal(error instanceof QcredError ? error : new QcredError(0, 'error', String(error)));
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (NAME.test(name) && !busy) {
      void store();
    }
  };
  return (
    <form onSubmit={submit} aria-busy={busy}>
      <label className="qcred-guard-label">
        {trans.__('Name of the credential')}
        <input
          className="qcred-guard-name"
          autoFocus
          autoComplete="off"
          spellCheck={false}
          list={`${id}-names`}
          aria-describedby={`${id}-hint`}
          aria-invalid={name !== '' && !NAME.test(name)}
          value={name}
          disabled={busy}
          onChange={event => {
            setName(event.target.value.trim());
            setRefusal(null);
          }}
        />
      </label>
      <datalist id={`${id}-names`}>
        {names.map(one => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <p id={`${id}-hint`} className="qcred-small">
        {hint(props, name, names, all)}
      </p>
      {refusal !== null && (
        <p className="qcred-notice qcred-error" role="alert">
          {refusal.message}
        </p>
      )}
      <div className="qcred-buttons">
        <button type="submit" className="qcred-button" disabled={busy || !NAME.test(name)}>
          {busy
            ? trans.__('Storing…')
            : taken
              ? trans.__('Replace the stored one')
              : trans.__('Store')}
        </button>
        <button type="button" className="qcred-button" disabled={busy} onClick={() => ask(null)}>
          {trans.__('Back')}
        </button>
      </div>
    </form>
  );
}

function hint(
  { notice, trans }: IFormProps,
  name: string,
  names: readonly string[],
  all: readonly INotice[]
): string {
  if (!NAME.test(name)) {
    return trans.__('Lower-case letters, digits and hyphens, 64 at most.');
  }
  if (names.length > 0 && !names.includes(name)) {
    return trans.__('No credential of this kernel is called so: it needs a profile first.');
  }
  if (all.length > 1) {
    return trans.__('Stored together: %1.', all.map(({ rule }) => rule.title).join(', '));
  }
  return notice.rule.field === ''
    ? trans.__('It is sent to this Jupyter server, which keeps it encrypted.')
    : trans.__(
        'Stored as its part %1. Put other parts into the notebook first: they are stored together.',
        notice.rule.field
      );
}
