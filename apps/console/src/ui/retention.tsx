import type { ReactNode } from 'react';
import type { RetentionSummary } from '../api/client.ts';
import { retentionWords } from '../retention-words.ts';
import { useNow } from './clock.ts';
import { StateIcon } from './icons.tsx';
import { ProblemText } from './page.tsx';

/** A row about the removal of what nobody needs. */
export function Retention({ retention }: { readonly retention: RetentionSummary }): ReactNode {
  const now = useNow(true);
  const { running, error } = retention;
  return (
    <section className="card row" aria-labelledby="retention-heading">
      <h2 id="retention-heading">Retention</h2>
      <p className="number">
        {running !== null && <StateIcon state="working" />}
        {running === null && error !== null && <StateIcon state="failed" />}{' '}
        <span>{retentionWords(retention, now)}</span>
      </p>
      {running === null && error !== null && <ProblemText {...error} />}
    </section>
  );
}
