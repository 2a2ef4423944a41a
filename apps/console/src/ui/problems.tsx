import type { ReactNode } from 'react';
import type { Status } from '../api/client.ts';
import { useRetry } from '../api/queries.ts';
import { count } from '../format.ts';
import { KeyLink } from './state.tsx';
import { ProblemText } from './page.tsx';

export interface ProblemsProps {
  readonly problems: Status['problems'];
  readonly failed: Status['failed'];
}

/** What needs a person: keys that are parked, and what could not be read of a catalog. */
export function Problems({ problems, failed }: ProblemsProps): ReactNode {
  const retry = useRetry();
  if (problems.length + failed.length === 0) return null;
  return (
    <section className="card attention" aria-labelledby="attention-heading">
      <div className="attention-top">
        <h2 id="attention-heading">{count(problems.length + failed.length, 'thing')} to look at</h2>
        {failed.length > 1 && (
          <button type="button" disabled={retry.isPending} onClick={() => retry.mutate([])}>
            Retry all failed
          </button>
        )}
      </div>
      {retry.error !== null && (
        <ProblemText
          code={retry.error.code}
          message={retry.error.message}
          hint={retry.error.hint}
        />
      )}
      <ul>
        {failed.map((one) => (
          <li key={one.key}>
            <div className="attention-row">
              <div>
                <KeyLink name={one.key} /> failed
                <ProblemText code={one.code} message={one.message} hint={one.hint} />
              </div>
              <button
                type="button"
                aria-label={`Retry ${one.key}`}
                disabled={retry.isPending}
                onClick={() => retry.mutate([one.key])}
              >
                Retry
              </button>
            </div>
          </li>
        ))}
        {problems.map((one, index) => (
          <li key={`${one.catalog} ${one.key} ${one.code} ${index}`}>
            Catalog <strong>{one.catalog}</strong>
            {one.key !== '' && (
              <>
                , <code>{one.key}</code>
              </>
            )}{' '}
            could not be read; what was there before stays
            <ProblemText code={one.code} message={one.message} hint={one.hint} />
          </li>
        ))}
      </ul>
    </section>
  );
}
