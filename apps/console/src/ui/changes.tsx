import type { ReactNode } from 'react';
import type { TagHistory } from '../api/client.ts';
import { formatInstant, shortDigest } from '../format.ts';
import { comparedChanges } from '../tag-changes.ts';
import type { ComparedChange } from '../tag-changes.ts';
import { useNow } from './clock.ts';
import { Difference, DifferenceFromBefore } from './difference.tsx';
import { ExpandableRow } from './expandable-row.tsx';
import { Empty } from './page.tsx';

export interface ChangesProps {
  readonly title: string;
  readonly history: TagHistory;
  readonly before: number | undefined;
  /** Whether what changed from version to version can be asked for. */
  readonly compared: boolean;
  /** A link to the page of the changes before one, or to the newest. */
  pageLink(before: number | undefined, words: string): ReactNode;
}

/** How the tags of a repository moved, a page of it. */
export function Changes({ title, history, before, compared, pageLink }: ChangesProps): ReactNode {
  return (
    <section aria-labelledby="changes-heading">
      <h2 id="changes-heading">{title}</h2>
      {history.events.length > 0 ? (
        <ChangeTable history={history} compared={compared} />
      ) : (
        <Empty>
          <p>
            {before === undefined
              ? 'No tag was ever set: what is in it has digests only.'
              : 'There are no earlier changes.'}
          </p>
        </Empty>
      )}
      {(before !== undefined || history.next !== null) && (
        <nav aria-label="Pages of changes" className="controls">
          {before !== undefined && pageLink(undefined, 'Newest changes')}
          {history.next !== null && pageLink(history.next, 'Earlier changes')}
        </nav>
      )}
    </section>
  );
}

function ChangeTable({ history, compared }: Pick<ChangesProps, 'history' | 'compared'>): ReactNode {
  const now = useNow(false);
  return (
    <div className="scroll bounded card" role="region" aria-label="Table of changes" tabIndex={0}>
      <table>
        <thead>
          {compared ? (
            <tr>
              <th scope="col">Tag</th>
              <th scope="col">Since the one before</th>
              <th scope="col">Changed</th>
              <th scope="col">Digest</th>
            </tr>
          ) : (
            <tr>
              <th scope="col">Tag</th>
              <th scope="col">Digest</th>
              <th scope="col">Changed</th>
            </tr>
          )}
        </thead>
        <tbody>
          {comparedChanges(history).map((change) =>
            compared ? (
              <ComparedRow
                key={change.key}
                repository={history.repository}
                change={change}
                now={now}
              />
            ) : (
              <tr key={change.key}>
                <TagCell change={change} />
                <DigestCell change={change} />
                <InstantCell change={change} now={now} />
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  readonly change: ComparedChange;
}

function TagCell({ change: { tag } }: CellProps): ReactNode {
  return (
    <th scope="row">
      <span className="tag">{tag}</span>
    </th>
  );
}

function DigestCell({ change: { digest } }: CellProps): ReactNode {
  return (
    <td>
      {digest === null ? (
        <span className="muted">deleted</span>
      ) : (
        <code className="fold">{digest}</code>
      )}
    </td>
  );
}

function InstantCell({ change: { at }, now }: CellProps & { readonly now: number }): ReactNode {
  return (
    <td className="number nowrap">
      <time dateTime={new Date(at).toISOString()}>{formatInstant(at, now)}</time>
    </td>
  );
}

interface ComparedRowProps extends CellProps {
  readonly repository: string;
  readonly now: number;
}

function ComparedRow({ repository, change, now }: ComparedRowProps): ReactNode {
  const { digest, previous, tag } = change;
  const before = <TagCell change={change} />;
  const after = (
    <>
      <InstantCell change={change} now={now} />
      <DigestCell change={change} />
    </>
  );
  if (digest === null || previous.kind === 'first')
    return (
      <tr>
        {before}
        <td className="muted nowrap">{digest !== null && 'It is the first'}</td>
        {after}
      </tr>
    );
  return (
    <ExpandableRow
      before={before}
      after={after}
      words="What changed"
      about={`when ${tag} moved to ${shortDigest(digest)}`}
      columns={4}
    >
      {previous.kind === 'at' ? (
        <Difference name={repository} from={previous.digest} to={digest} />
      ) : (
        <DifferenceFromBefore name={repository} tag={tag} before={previous.before} to={digest} />
      )}
    </ExpandableRow>
  );
}
