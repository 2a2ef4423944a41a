import { Link, useParams, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { TagHistory } from '../api/client.ts';
import { useHistory, useStatus } from '../api/queries.ts';
import { formatInstant } from '../format.ts';
import { useNow } from '../ui/clock.ts';
import { Command } from '../ui/copy.tsx';
import { Empty, Found, PageHeading } from '../ui/page.tsx';
import { paths } from '../urls.ts';
import { Missing, NotFoundPage } from './not-found.tsx';

export function RepositoryPage(): ReactNode {
  const { _splat: name = '' } = useParams({ from: paths.repository });
  return name === '' ? <NotFoundPage /> : <OneRepository key={name} name={name} />;
}

/** Any repository of the registry: what is known of it is how its tags moved. */
function OneRepository({ name }: { readonly name: string }): ReactNode {
  const { before } = useSearch({ from: paths.repository });
  const query = useHistory(name, before);
  return (
    <Found
      what={`the repository ${name}`}
      query={query}
      title={name}
      missing={
        <Missing title="There is no such repository">{`The registry has no ${name}.`}</Missing>
      }
    >
      {(history) => (
        <>
          <nav aria-label="Breadcrumb" className="crumbs">
            <Link to={paths.images}>Images</Link>
          </nav>
          <PageHeading title={name} />
          {before === undefined && <Use history={history} />}
          <Changes history={history} before={before} />
        </>
      )}
    </Found>
  );
}

/** How to get what the tag that moved last points at, of those that are there. */
function Use({ history }: { readonly history: TagHistory }): ReactNode {
  const registry = useStatus().data?.registry;
  const seen = new Set<string>();
  const present = history.events.find(({ tag, digest }) => {
    const newest = !seen.has(tag);
    seen.add(tag);
    return newest && digest !== null;
  });
  if (registry === undefined || present === undefined) return null;
  const reference = `${registry}/${history.repository}:${present.tag}`;
  return (
    <section className="card" aria-labelledby="use-heading">
      <h2 id="use-heading">Use it</h2>
      <Command title="Pull it" command={`docker pull ${reference}`} />
    </section>
  );
}

interface ChangesProps {
  readonly history: TagHistory;
  readonly before: number | undefined;
}

function Changes({ history: { repository, events, next }, before }: ChangesProps): ReactNode {
  const params = { _splat: repository };
  return (
    <section aria-labelledby="changes-heading">
      <h2 id="changes-heading">Changes of its tags</h2>
      {events.length > 0 ? (
        <ChangeTable events={events} />
      ) : (
        <Empty>
          <p>
            {before === undefined
              ? 'No tag was ever set: what is in it has digests only.'
              : 'There are no earlier changes.'}
          </p>
        </Empty>
      )}
      {(before !== undefined || next !== null) && (
        <nav aria-label="Pages of changes" className="controls">
          {before !== undefined && (
            <Link to={paths.repository} params={params} search={{}} className="button">
              Newest changes
            </Link>
          )}
          {next !== null && (
            <Link
              to={paths.repository}
              params={params}
              search={{ before: next }}
              className="button"
            >
              Earlier changes
            </Link>
          )}
        </nav>
      )}
    </section>
  );
}

function ChangeTable({ events }: Pick<TagHistory, 'events'>): ReactNode {
  const now = useNow(false);
  return (
    <div className="scroll card" role="region" aria-label="Table of changes" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Tag</th>
            <th scope="col">Digest</th>
            <th scope="col">Changed</th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ tag, digest, at }, index) => (
            <tr key={`${tag} ${at} ${index}`}>
              <th scope="row">
                <span className="tag">{tag}</span>
              </th>
              <td>
                {digest === null ? (
                  <span className="muted">deleted</span>
                ) : (
                  <code className="fold">{digest}</code>
                )}
              </td>
              <td className="number nowrap">
                <time dateTime={new Date(at).toISOString()}>{formatInstant(at, now)}</time>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
