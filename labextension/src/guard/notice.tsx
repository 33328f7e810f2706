import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX, KeyboardEvent } from 'react';
import { useEffect, useRef, useState } from 'react';

import type { LeaseClient } from '../client';
import { keyIcon } from '../icon';
import type { ILeaseModel } from '../tokens';
import type { GuardedCells, INotice, IReplaced } from './cells';
import { Form } from './form';
import { proposed } from './keep';
import type { Memory } from './memory';

export interface INoticeOptions {
  readonly cells: GuardedCells;
  readonly memory: Memory;
  readonly model: ILeaseModel;
  readonly client: Pick<LeaseClient, 'store'>;
  readonly trans: TranslationBundle;
  /** Names that the notebook's kernel may ask for. */
  readonly available: () => readonly string[];
  /** Bring a cell into view. */
  readonly show: (cell: string) => void;
  /** Give the keyboard back to the notebook. */
  readonly leave: () => void;
}

/** What is said about the keys in one notebook; it lies over a corner of it, and moves nothing. */
export class NoticeWidget extends ReactWidget {
  constructor(private readonly options: INoticeOptions) {
    super();
    this.addClass('qcred-guard');
  }

  /** Whether there is something to go to. */
  get speaks(): boolean {
    return this.node.querySelector('button') !== null;
  }

  /** Give it the keyboard. */
  focus(): void {
    this.node.querySelector<HTMLElement>('input, button')?.focus();
  }

  protected override render(): JSX.Element {
    const { cells, model } = this.options;
    return (
      <UseSignal signal={cells.changed}>
        {() => <UseSignal signal={model.changed}>{() => <Notice {...this.options} />}</UseSignal>}
      </UseSignal>
    );
  }
}

/** What was done, and is told until it is closed. */
interface IDone extends IReplaced {
  readonly name: string;
  readonly stored: boolean;
}

function Notice(options: INoticeOptions): JSX.Element {
  const { cells, trans, leave } = options;
  const [asking, setAsking] = useState<string | null>(null);
  const [done, setDone] = useState<IDone | null>(null);
  const notices = cells.notices;
  // The one that is asked about stays, whatever else comes.
  const notice = notices.find(one => one.secret === asking) ?? notices[0];
  const finish = (what: IDone): void => {
    setAsking(null);
    setDone(what);
  };
  const close = (): void => {
    setDone(null);
    leave();
  };
  const escape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      setAsking(null);
      leave();
    }
  };
  const shown = done !== null || notice !== undefined;
  return (
    <>
      <span role="status" className="qcred-only-heard">
        {done === null && notice !== undefined && sentence(notice, cells, trans)}
      </span>
      {shown && (
        <section
          className={`qcred-guard-notice${done === null ? '' : ' qcred-over'}`}
          aria-label={trans.__('A key in this notebook')}
          onKeyDown={escape}
        >
          {done !== null ? (
            <Done done={done} trans={trans} close={close} />
          ) : (
            notice !== undefined && (
              <Question
                {...options}
                notice={notice}
                more={notices.length - 1}
                asking={asking === notice.secret}
                ask={setAsking}
                finish={finish}
              />
            )
          )}
        </section>
      )}
    </>
  );
}

interface IQuestionProps extends INoticeOptions {
  readonly notice: INotice;
  readonly more: number;
  readonly asking: boolean;
  readonly ask: (secret: string | null) => void;
  readonly finish: (done: IDone) => void;
}

function Question(props: IQuestionProps): JSX.Element {
  const { cells, memory, trans, notice, more, asking, show } = props;
  const storedAs = memory.storedAs(notice.secret);
  return (
    <>
      <p className="qcred-guard-title">
        <keyIcon.react tag="span" className="qcred-guard-icon" width="16px" />
        <strong>{trans.__('This looks like a key')}</strong>
      </p>
      <p>
        {kind(notice, trans)},{' '}
        <button type="button" className="qcred-link" onClick={() => show(notice.cell)}>
          {trans.__('cell %1', cells.numberOf(notice.cell))}
        </button>
        {storedAs !== null && ` · ${trans.__('it is stored as %1', storedAs.name)}`}
      </p>
      {asking ? <Form {...props} /> : <Choice {...props} />}
      {more > 0 && !asking && (
        <p className="qcred-small">{trans._n('And another one.', 'And %1 more.', more)}</p>
      )}
    </>
  );
}

/** What can be done with it here. */
function Choice(props: IQuestionProps): JSX.Element {
  const { cells, memory, model, trans, notice, available, ask, finish, leave } = props;
  const { name, field } = proposed(notice, memory);
  const stored = memory.storedAs(notice.secret) !== null;
  const stores = model.state.snapshot?.storesKeys ?? null;
  const use = stored || (stores === false && available().includes(name));
  return (
    <>
      {!stored && <p className="qcred-hint">{advice(stores, use, name, trans)}</p>}
      <div className="qcred-buttons">
        {use && (
          <button
            type="button"
            className="qcred-button"
            onClick={() => {
              const replaced = cells.replace({ secret: notice.secret, name, field });
              finish({ ...replaced, name, stored: false });
            }}
          >
            {trans.__('Use %1 instead', name)}
          </button>
        )}
        {stores === true && !stored && (
          <button type="button" className="qcred-button" onClick={() => ask(notice.secret)}>
            {trans.__('Store it…')}
          </button>
        )}
        <button
          type="button"
          className="qcred-button"
          title={trans.__('It is not mentioned again until this page is reloaded')}
          onClick={() => {
            memory.ignore(notice.secret);
            leave();
          }}
        >
          {trans.__('Ignore')}
        </button>
      </div>
    </>
  );
}

function advice(
  stores: boolean | null,
  use: boolean,
  name: string,
  trans: TranslationBundle
): string {
  if (stores === null) {
    return trans.__('Nothing is sent. The server does not answer what can be done with it.');
  }
  if (stores) {
    return trans.__(
      'It is not sent anywhere yet. Stored, it is kept out of the notebook, and the cell asks for it.'
    );
  }
  return use
    ? trans.__(
        'Nothing is sent. This server has %1 for its kernels: the cell can use that instead.',
        name
      )
    : trans.__(
        'Nothing is sent, and this server stores no keys from a browser. Store it where your platform keeps keys, or ask who runs it, and write qcred.get("%1") in its place.',
        name === '' ? trans.__('its name') : name
      );
}

function Done(props: {
  readonly done: IDone;
  readonly trans: TranslationBundle;
  readonly close: () => void;
}): JSX.Element {
  const { done, trans, close } = props;
  const { name, stored, cells, placeholders } = done;
  const button = useRef<HTMLButtonElement>(null);
  // What had the keyboard is gone.
  useEffect(() => button.current?.focus(), []);
  return (
    <>
      <p className="qcred-guard-title" role="status">
        <keyIcon.react tag="span" className="qcred-guard-icon" width="16px" />
        <strong>{stored ? trans.__('Stored as %1', name) : trans.__('It is %1 now', name)}</strong>
      </p>
      {cells > 0 && (
        <p>
          {trans.__(
            'The key is out of the notebook. Undo begins anew there: it would bring the key back.'
          )}
        </p>
      )}
      {placeholders > 0 && (
        <p>
          {trans.__(
            'Where it was a part of something else, [redacted:%1] stands now: write that part anew, with qcred.get("%1").reveal().',
            name
          )}
        </p>
      )}
      <p className="qcred-hint">
        {trans.__('If others may have seen it, get a new one from its vendor.')}
      </p>
      <div className="qcred-buttons">
        <button type="button" className="qcred-button" ref={button} onClick={close}>
          {trans.__('Close')}
        </button>
      </div>
    </>
  );
}

/** What it seems to be, and whose. */
function kind({ rule }: INotice, trans: TranslationBundle): string {
  return rule.vendor === 'Any' || rule.title.includes(rule.vendor)
    ? rule.title
    : trans.__('%1 (%2)', rule.title, rule.vendor);
}

function sentence(notice: INotice, cells: GuardedCells, trans: TranslationBundle): string {
  const number = cells.numberOf(notice.cell);
  return trans.__('This looks like a key: %1, in cell %2.', kind(notice, trans), number);
}
