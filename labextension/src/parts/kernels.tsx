import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { LeaseActions } from '../actions';
import type { NextSteps } from '../nextSteps';
import type { ILease, IWarning } from '../snapshot';
import type { ITrap } from '../wire';
import { notebookName } from '../words';
import { Folder } from './folder';
import { LeaseCard } from './lease';
import { Section } from './section';
import { Warnings } from './warnings';

interface IKernelsProps {
  readonly leases: readonly ILease[];
  readonly warnings: readonly IWarning[];
  /** The current notebook's kernel. */
  readonly kernel: string | null;
  /** The current notebook's file. */
  readonly path: string | null;
  /** What was found in the folder of the current notebook's kernel. */
  readonly traps: readonly ITrap[];
  readonly actions: LeaseActions;
  readonly steps: NextSteps;
  readonly storesKeys: boolean;
  readonly now: number;
  readonly trans: TranslationBundle;
}

/** What the current notebook's kernel holds, and then what the others hold. */
export function Kernels(props: IKernelsProps): JSX.Element {
  const { leases, warnings, kernel, path, trans } = props;
  const others = new Map<string, ILease[]>();
  for (const { kernel: id } of [...leases, ...warnings]) {
    if (id !== kernel) {
      others.set(
        id,
        leases.filter(lease => lease.kernel === id)
      );
    }
  }
  return (
    <>
      <Section title={trans.__('This kernel')} hint={path ? notebookName(path, trans) : ''}>
        {kernel === null ? (
          <p className="qcred-hint">{trans.__('No notebook with a kernel is open.')}</p>
        ) : (
          <Leases
            {...props}
            leases={leases.filter(one => one.kernel === kernel)}
            kernel={kernel}
            notebook={path ?? ''}
          />
        )}
      </Section>
      <Folder traps={props.traps} trans={trans} />
      {others.size > 0 && (
        <Section title={trans.__('My other kernels')}>
          {[...others].map(([id, held]) => (
            <div key={id} className="qcred-kernel">
              <h3 className="qcred-subheading" title={id}>
                {notebookName(held[0]?.notebook ?? '', trans)}
              </h3>
              <Leases {...props} leases={held} kernel={id} notebook={held[0]?.notebook ?? ''} />
            </div>
          ))}
        </Section>
      )}
    </>
  );
}

interface ILeasesProps extends IKernelsProps {
  readonly kernel: string;
  readonly notebook: string;
}

function Leases(props: ILeasesProps): JSX.Element {
  const { leases, kernel, actions, now, trans } = props;
  const warnings = props.warnings.filter(one => one.kernel === kernel);
  return (
    <>
      <Warnings {...props} warnings={warnings} />
      {leases.length === 0 && (
        <p className="qcred-hint">
          {trans.__('It holds no credential. A cell asks for one:')}{' '}
          <code className="qcred-code">qcred.get(&quot;ibm-quantum&quot;)</code>
        </p>
      )}
      <ul className="qcred-leases">
        {leases.map(lease => (
          <LeaseCard key={lease.id} {...{ lease, actions, now, trans }} />
        ))}
      </ul>
      {leases.length > 1 && (
        <button
          type="button"
          className="qcred-button qcred-danger"
          onClick={() => void actions.revokeAll(leases, { kernel })}
        >
          {trans.__('Revoke all of this kernel…')}
        </button>
      )}
    </>
  );
}
