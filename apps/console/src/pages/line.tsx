import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { KeySummary, Status } from '../api/client.ts';
import { useKeys, useStatus } from '../api/queries.ts';
import { count } from '../format.ts';
import { useNow } from '../ui/clock.ts';
import { Filter, matches } from '../ui/filter.tsx';
import { KeyTable } from '../ui/key-table.tsx';
import { Empty, Found, PageHeading } from '../ui/page.tsx';
import { Problems } from '../ui/problems.tsx';
import { Retention } from '../ui/retention.tsx';
import { Stages } from '../ui/stages.tsx';
import { StateIcon } from '../ui/icons.tsx';
import { stageTitles, stateWords } from '../ui/state.tsx';
import type { LineSearch } from '../urls.ts';
import { keyStatuses, paths } from '../urls.ts';

/** The first page: what the factory is doing, and what a person has to know. */
export function LinePage(): ReactNode {
  const status = useStatus();
  return (
    <Found what="the line" query={status} title="The line">
      {(data) => (
        <>
          <div className="headline">
            <PageHeading title="The line" />
            <p role="status" className="lead">
              {leadOf(data)}
            </p>
          </div>
          <Problems problems={data.problems} failed={data.failed} />
          <Stages stages={data.stages} />
          <Retention retention={data.retention} />
          <Keys />
        </>
      )}
    </Found>
  );
}

function leadOf({ keys, converged, problems }: Status): string {
  if (keys.total === 0) return 'The catalog asks for nothing yet.';
  if (converged) return `Everything is as the catalog asks: ${count(keys.total, 'key')} ready.`;
  const parts = [`${keys.ready} of ${count(keys.total, 'key')} ready`];
  if (keys.working > 0) parts.push(`${keys.working} working`);
  if (keys.queued + keys.waiting > 0) parts.push(`${keys.queued + keys.waiting} to come`);
  if (keys.failed > 0) parts.push(`${keys.failed} failed`);
  if (problems.length > 0) parts.push(count(problems.length, 'problem') + ' in the catalog');
  return `${parts.join(', ')}.`;
}

function shown(keys: readonly KeySummary[], search: LineSearch): readonly KeySummary[] {
  return keys.filter(
    (one) =>
      (search.state === undefined || one.status === search.state) &&
      (search.stage === undefined || one.kind === search.stage) &&
      matches(search.q ?? '', [one.key, one.stage, one.reason, one.catalog]),
  );
}

function Keys(): ReactNode {
  const search = useSearch({ from: paths.line });
  const navigate = useNavigate({ from: paths.line });
  const query = useKeys();
  const working = query.data?.some((one) => one.status === 'working') ?? false;
  const now = useNow(working);
  const change = (next: LineSearch, replace: boolean): void =>
    void navigate({ search: { ...search, ...next }, replace, resetScroll: false });
  return (
    <section aria-labelledby="keys-heading">
      <h2 id="keys-heading">
        {search.stage === undefined ? 'Keys' : `Keys: ${stageTitles[search.stage]}`}
      </h2>
      <Found what="the keys" query={query}>
        {(keys) => {
          const rows = shown(keys, search);
          return (
            <>
              <div className="controls">
                <Filter
                  label="Filter keys"
                  value={search.q ?? ''}
                  onChange={(q) => change({ q: q === '' ? undefined : q }, true)}
                />
                <StateFilter
                  keys={shown(keys, { ...search, state: undefined })}
                  search={search}
                  onChange={(state) => change({ state }, false)}
                />
                {search.stage !== undefined && (
                  <button type="button" onClick={() => change({ stage: undefined }, false)}>
                    All stages
                  </button>
                )}
              </div>
              <p className="visually-hidden" role="status">
                {count(rows.length, 'key')} shown
              </p>
              {rows.length > 0 ? (
                <KeyTable keys={rows} receivedAt={query.dataUpdatedAt} now={now} />
              ) : keys.length > 0 ? (
                <Empty>
                  <p>No key matches.</p>
                  <button
                    type="button"
                    onClick={() =>
                      change({ q: undefined, state: undefined, stage: undefined }, false)
                    }
                  >
                    Show all keys
                  </button>
                </Empty>
              ) : (
                <Empty>
                  <p>
                    No catalog asks for anything. <code>./kiln init DIR</code> makes one of your
                    own.
                  </p>
                </Empty>
              )}
            </>
          );
        }}
      </Found>
    </section>
  );
}

interface StateFilterProps {
  readonly keys: readonly KeySummary[];
  readonly search: LineSearch;
  readonly onChange: (state: LineSearch['state']) => void;
}

function StateFilter({ keys, search, onChange }: StateFilterProps): ReactNode {
  return (
    <div className="choices" role="group" aria-label="State">
      <button
        type="button"
        aria-pressed={search.state === undefined}
        onClick={() => onChange(undefined)}
      >
        All <span className="number">{keys.length}</span>
      </button>
      {keyStatuses.map((state) => (
        <button
          key={state}
          type="button"
          aria-pressed={search.state === state}
          onClick={() => onChange(search.state === state ? undefined : state)}
        >
          <StateIcon state={state} />
          {stateWords[state]}{' '}
          <span className="number">{keys.filter((one) => one.status === state).length}</span>
        </button>
      ))}
    </div>
  );
}
