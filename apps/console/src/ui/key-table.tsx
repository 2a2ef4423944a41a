import type { ReactNode } from 'react';
import type { KeySummary } from '../api/client.ts';
import { keyKinds } from '../urls.ts';
import { Duration, KeyLink, StateBadge, stageTitles } from './state.tsx';

export interface KeyTableProps {
  readonly keys: readonly KeySummary[];
  readonly receivedAt: number;
  readonly now: number;
}

/** Every key, by stage in the order of the line. */
export function KeyTable({ keys, receivedAt, now }: KeyTableProps): ReactNode {
  return (
    <div className="scroll card" role="region" aria-label="Table of keys" tabIndex={0}>
      <table className="keys">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Key</th>
            <th scope="col">Now</th>
            <th scope="col" className="right">
              Attempt
            </th>
            <th scope="col">Duration</th>
            <th scope="col">Why it ran</th>
          </tr>
        </thead>
        {keyKinds.map((kind) => {
          const rows = keys.filter((one) => one.kind === kind);
          if (rows.length === 0) return null;
          return (
            <tbody key={kind}>
              <tr className="group">
                <th colSpan={6} scope="rowgroup">
                  {stageTitles[kind]}
                </th>
              </tr>
              {rows.map((one) => (
                <KeyRow key={one.key} summary={one} receivedAt={receivedAt} now={now} />
              ))}
            </tbody>
          );
        })}
      </table>
    </div>
  );
}

interface KeyRowProps {
  readonly summary: KeySummary;
  readonly receivedAt: number;
  readonly now: number;
}

function KeyRow({ summary, receivedAt, now }: KeyRowProps): ReactNode {
  return (
    <tr className={`row-${summary.status}`}>
      <td>
        <StateBadge state={summary.status} />
      </td>
      <th scope="row">
        <KeyLink name={summary.key} />
      </th>
      <td className="now">{stageText(summary)}</td>
      <td className="right number">
        {summary.attempt > 0 ? summary.attempt : <span className="muted">–</span>}
      </td>
      <td>
        <Duration summary={summary} receivedAt={receivedAt} now={now} />
      </td>
      <td className="reason">{summary.reason}</td>
    </tr>
  );
}

function stageText(summary: KeySummary): ReactNode {
  if (summary.error !== null) return <code className="code">{summary.error.code}</code>;
  if (summary.status !== 'waiting' || summary.waitingFor.length === 0) return summary.stage;
  const [first = '', ...others] = summary.waitingFor;
  return (
    <>
      for <KeyLink name={first} />
      {others.length > 0 && ` and ${others.length} more`}
    </>
  );
}
