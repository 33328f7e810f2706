import type { JSX, ReactNode } from 'react';
import { useId } from 'react';

interface ISectionProps {
  readonly title: string;
  readonly hint?: string;
  readonly children: ReactNode;
}

/** A heading and what belongs to it. */
export function Section({ title, hint, children }: ISectionProps): JSX.Element {
  const id = useId();
  return (
    <section className="qcred-section" aria-labelledby={id}>
      <h2 id={id} className="qcred-heading">
        {title}
        {hint && <span className="qcred-heading-hint">{hint}</span>}
      </h2>
      {children}
    </section>
  );
}
