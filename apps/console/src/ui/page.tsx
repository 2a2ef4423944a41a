import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { ApiFailure } from '../api/client.ts';

let firstPage = true;

/** The page's heading: names the document, and takes the focus when a person came from another page. */
export function PageHeading({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = title === 'Kiln' ? title : `${title} · Kiln`;
  }, [title]);
  useEffect(() => {
    if (!firstPage) heading.current?.focus({ preventScroll: true });
    firstPage = false;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children ?? title}
    </h1>
  );
}

export interface ShownProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export function ProblemText({ code, message, hint }: ShownProblem): ReactNode {
  return (
    <div className="problem-text">
      <p>
        <code className="code">{code}</code> {message}
      </p>
      {hint !== '' && <p className="hint">Hint: {hint}</p>}
    </div>
  );
}

export function Loading({ what }: { readonly what: string }): ReactNode {
  return (
    <div className="loading" role="status" aria-label={`Loading ${what}`}>
      <div />
      <div />
      <div />
    </div>
  );
}

export function Failure({
  error,
  again,
}: {
  readonly error: ApiFailure;
  readonly again: () => Promise<void>;
}): ReactNode {
  const [asking, setAsking] = useState(false);
  const ask = async (): Promise<void> => {
    setAsking(true);
    await again();
    setAsking(false);
  };
  return (
    <section className="card failure" role="alert">
      <h2>{failureTitle(error)}</h2>
      <ProblemText {...{ code: error.code, message: error.message, hint: error.hint }} />
      <p>
        <button type="button" onClick={() => void ask()}>
          {asking ? 'Trying again' : 'Try again'}
        </button>
      </p>
    </section>
  );
}

function failureTitle({ status, away }: ApiFailure): string {
  if (status === 0) return 'The factory does not answer';
  return away ? 'The factory could not answer' : 'This could not be shown';
}

export function Empty({ children }: { readonly children: ReactNode }): ReactNode {
  return <div className="empty">{children}</div>;
}

export interface FoundProps<T> {
  readonly what: string;
  readonly query: UseQueryResult<T, ApiFailure>;
  /** The page's heading, where it is part of what was asked for. */
  readonly title?: string;
  /** What is shown where the thing does not exist. */
  readonly missing?: ReactNode;
  readonly children: (data: T) => ReactNode;
}

/** What was asked for: as it is now, as it last was while the factory is away, on its way, refused, or not there. */
export function Found<T>({ what, query, title, missing, children }: FoundProps<T>): ReactNode {
  const { data } = query;
  const error = useRefusal(query);
  if (error !== null && missing !== undefined && (error.status === 404 || error.status === 400))
    return missing;
  if (data !== undefined) return children(data);
  if (error !== null)
    return (
      <>
        {title !== undefined && <PageHeading title={title} />}
        <Failure error={error} again={() => askAgain(query)} />
      </>
    );
  return <Loading what={what} />;
}

/** Why nothing is shown. It stays while the same is asked for again: what a person reads or has in focus does not come and go. */
export function useRefusal<T>({
  error,
  isPending,
}: Pick<UseQueryResult<T, ApiFailure>, 'error' | 'isPending'>): ApiFailure | null {
  const [last, setLast] = useState(error);
  if (isPending) return last;
  if (error !== last) setLast(error);
  return error;
}

/** A question that is under way already is joined, and may have been refused before the person asked. */
export async function askAgain<T>(query: UseQueryResult<T, ApiFailure>): Promise<void> {
  const joined = query.isFetching;
  const { error } = await query.refetch();
  if (joined && error !== null) await query.refetch();
}
