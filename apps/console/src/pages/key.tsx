import { Link, useParams, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Attempt, KeyDetail, KeySummary } from '../api/client.ts';
import { useKey, useKeys, useResync, useRetry } from '../api/queries.ts';
import { count, formatDuration, formatInstant } from '../format.ts';
import { useNow } from '../ui/clock.ts';
import { LogView } from '../ui/log-view.tsx';
import { Empty, Found, PageHeading, ProblemText } from '../ui/page.tsx';
import { Duration, KeyLink, StateBadge, stateMeanings } from '../ui/state.tsx';
import { paths } from '../urls.ts';
import { Missing } from './not-found.tsx';

export function KeyPage(): ReactNode {
  const { key } = useParams({ from: paths.key });
  return <OneKey key={key} name={key} />;
}

function OneKey({ name }: { readonly name: string }): ReactNode {
  const query = useKey(name);
  const now = useNow(query.data?.status === 'working');
  const missing = <Missing title="There is no such key">{`No catalog asks for ${name}.`}</Missing>;
  return (
    <Found what={name} query={query} title={name} missing={missing}>
      {(detail) => (
        <>
          <nav aria-label="Breadcrumb" className="crumbs">
            <Link to={paths.line}>Line</Link> <span aria-hidden="true">/</span>{' '}
            <Link to={paths.line} search={{ stage: detail.kind }}>
              {detail.kind}
            </Link>
          </nav>
          <div className="title-row">
            <PageHeading title={detail.key}>
              <span className="mono">{detail.key}</span>
            </PageHeading>
            <StateBadge state={detail.status} />
            <Actions detail={detail} />
          </div>
          <Facts detail={detail} receivedAt={query.dataUpdatedAt} now={now} />
          <Attempts detail={detail} now={now} />
        </>
      )}
    </Found>
  );
}

function Actions({ detail }: { readonly detail: KeyDetail }): ReactNode {
  const retry = useRetry();
  const resync = useResync();
  const action = detail.status === 'failed' ? retry : resync;
  const error = retry.error ?? resync.error;
  return (
    <div className="actions">
      <button
        type="button"
        className={detail.status === 'failed' ? 'primary' : ''}
        disabled={action.isPending}
        onClick={() => action.mutate([detail.key])}
      >
        {detail.status === 'failed' ? 'Retry' : 'Look again'}
      </button>
      <span role="status" className="muted">
        {error !== null
          ? `${error.code}: ${error.message}`
          : retry.isSuccess || resync.isSuccess
            ? 'Enqueued'
            : ''}
      </span>
    </div>
  );
}

function Facts({
  detail,
  receivedAt,
  now,
}: {
  readonly detail: KeyDetail;
  readonly receivedAt: number;
  readonly now: number;
}): ReactNode {
  return (
    <>
      {detail.error !== null && (
        <section className="card attention" aria-label="Why it failed">
          <ProblemText
            code={detail.error.code}
            message={detail.error.message}
            hint={detail.error.hint}
          />
        </section>
      )}
      <dl className="facts card">
        <Fact name="State">
          {stateMeanings[detail.status]}
          {detail.stage !== '' && detail.error === null && (
            <span className="muted"> ({detail.stage})</span>
          )}
        </Fact>
        <Fact name="Why it ran">{detail.reason === '' ? 'It has not run yet' : detail.reason}</Fact>
        <Fact name="Duration">
          <Duration summary={detail} receivedAt={receivedAt} now={now} />
        </Fact>
        <Fact name="Attempt">
          <span className="number">{detail.attempt}</span>
        </Fact>
        <Fact name="Catalog">{detail.catalog}</Fact>
        {detail.kind === 'image' && detail.status !== 'failed' && (
          <Fact name="Image">
            <Link to={paths.image} params={{ name: detail.name }}>
              {detail.name}
            </Link>
          </Fact>
        )}
      </dl>
      <div className="columns">
        <Related
          title="Waits for"
          none="Nothing"
          keys={detail.status === 'waiting' ? detail.waitingFor : []}
        />
        <Related title="Depends on" none="No other key" keys={detail.dependsOn} />
      </div>
    </>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Related({
  title,
  none,
  keys,
}: {
  readonly title: string;
  readonly none: string;
  readonly keys: readonly string[];
}): ReactNode {
  const all = useKeys().data;
  const stateOf = (key: string): KeySummary['status'] | undefined =>
    all?.find((one) => one.key === key)?.status;
  return (
    <section className="card" aria-label={title}>
      <h2>{title}</h2>
      {keys.length === 0 && <p className="muted">{none}</p>}
      <ul className="plain">
        {keys.map((key) => {
          const state = stateOf(key);
          return (
            <li key={key} className="related">
              {state === undefined ? (
                <>
                  <span className="mono">{key}</span>
                  {all !== undefined && <span className="muted">not asked for</span>}
                </>
              ) : (
                <>
                  <KeyLink name={key} />
                  <StateBadge state={state} />
                </>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const outcomeWords: Readonly<Record<string, string>> = {
  running: 'running',
  done: 'done',
  queuedKeys: 'done, others enqueued',
  requeued: 'to be looked at again',
  failed: 'failed, to be tried again',
  dropped: 'no longer asked for',
  deadLettered: 'failed, parked',
  lost: 'its process ended; starts over',
  released: 'handed back at shutdown',
};

function Attempts({
  detail,
  now,
}: {
  readonly detail: KeyDetail;
  readonly now: number;
}): ReactNode {
  const search = useSearch({ from: paths.key });
  const chosen =
    detail.attempts.find((one) => one.id === search.attempt) ??
    detail.attempts.find((one) => one.finishedAt === null) ??
    detail.attempts.find((one) => one.hasLog);
  return (
    <>
      <section aria-labelledby="log-heading">
        <h2 id="log-heading">
          {chosen === undefined
            ? 'Log'
            : `Log of attempt ${chosen.attempt}, ${formatInstant(chosen.startedAt, now)}`}
        </h2>
        {chosen === undefined ? (
          <Empty>
            <p>
              {detail.attempts.length === 0
                ? 'It has not run yet, so there is no log.'
                : 'None of the kept attempts had anything to do, so none wrote a log.'}
            </p>
          </Empty>
        ) : (
          <LogView
            key={chosen.id}
            name={detail.key}
            attempt={chosen.id}
            running={chosen.finishedAt === null}
          />
        )}
      </section>
      <section aria-labelledby="attempts-heading">
        <h2 id="attempts-heading">
          Attempts{' '}
          <span className="muted">
            {detail.attempts.length > 0 ? count(detail.attempts.length, 'kept attempt') : ''}
          </span>
        </h2>
        {detail.attempts.length === 0 ? (
          <Empty>
            <p>None yet.</p>
          </Empty>
        ) : (
          <AttemptTable detail={detail} chosen={chosen?.id} now={now} />
        )}
      </section>
    </>
  );
}

function AttemptTable({
  detail,
  chosen,
  now,
}: {
  readonly detail: KeyDetail;
  readonly chosen: string | undefined;
  readonly now: number;
}): ReactNode {
  return (
    <div className="scroll card" role="region" aria-label="Attempts" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col" className="right">
              Attempt
            </th>
            <th scope="col">Started</th>
            <th scope="col">Duration</th>
            <th scope="col">Outcome</th>
            <th scope="col">Why it ran</th>
            <th scope="col">Log</th>
          </tr>
        </thead>
        <tbody>
          {detail.attempts.map((one) => (
            <AttemptRow
              key={one.id}
              keyName={detail.key}
              attempt={one}
              chosen={one.id === chosen}
              now={now}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface AttemptRowProps {
  readonly keyName: string;
  readonly attempt: Attempt;
  readonly chosen: boolean;
  readonly now: number;
}

function AttemptRow({ keyName, attempt, chosen, now }: AttemptRowProps): ReactNode {
  return (
    <tr className={chosen ? 'chosen' : ''}>
      <td className="right number">{attempt.attempt}</td>
      <td className="number nowrap">
        <time dateTime={new Date(attempt.startedAt).toISOString()}>
          {formatInstant(attempt.startedAt, now)}
        </time>
      </td>
      <td className="number nowrap">
        {attempt.finishedAt === null
          ? 'running'
          : formatDuration(attempt.finishedAt - attempt.startedAt)}
      </td>
      <td>
        {outcomeWords[attempt.outcome] ?? attempt.outcome}
        {attempt.error !== null && (
          <ProblemText
            code={attempt.error.code}
            message={attempt.error.message}
            hint={attempt.error.hint}
          />
        )}
      </td>
      <td className="reason">{attempt.reason}</td>
      <td className="nowrap">
        {chosen ? (
          'shown above'
        ) : attempt.hasLog || attempt.finishedAt === null ? (
          <Link
            to={paths.key}
            params={{ key: keyName }}
            search={{ attempt: attempt.id }}
            resetScroll={false}
          >
            show<span className="visually-hidden"> the log of attempt {attempt.attempt}</span>
          </Link>
        ) : (
          <span className="muted">none</span>
        )}
      </td>
    </tr>
  );
}
