import { Link, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { RepositoryList } from '../api/client.ts';
import { useOtherRepositories } from '../api/queries.ts';
import { formatInstant, shortDigest } from '../format.ts';
import { paths } from '../urls.ts';
import { useNow } from './clock.ts';
import { Empty, Failure, askAgain, useRefusal } from './page.tsx';

/** What the registry has beside the images of catalogs; nothing where there is nothing. */
export function OtherRepositories(): ReactNode {
  const { after } = useSearch({ from: paths.images });
  const query = useOtherRepositories(after ?? '');
  const error = useRefusal(query);
  if (query.data === undefined)
    return error === null ? null : <Failure error={error} again={() => askAgain(query)} />;
  const { repositories, next } = query.data;
  if (repositories.length === 0 && after === undefined) return null;
  return (
    <section aria-labelledby="others-heading">
      <h2 id="others-heading">Other repositories</h2>
      <p className="muted">
        Pushed by a client or composed of an image: no catalog keeps them up to date.
      </p>
      {repositories.length > 0 ? (
        <RepositoryTable repositories={repositories} />
      ) : (
        <Empty>
          <p>No repository comes after {after}.</p>
        </Empty>
      )}
      {(after !== undefined || next !== null) && (
        <nav aria-label="Pages of other repositories" className="controls">
          {after !== undefined && (
            <Link to={paths.images} search={{}} resetScroll={false} className="button">
              First page
            </Link>
          )}
          {next !== null && (
            <Link to={paths.images} search={{ after: next }} resetScroll={false} className="button">
              Next page
            </Link>
          )}
        </nav>
      )}
    </section>
  );
}

function RepositoryTable({ repositories }: Pick<RepositoryList, 'repositories'>): ReactNode {
  const now = useNow(false);
  return (
    <div className="scroll card" role="region" aria-label="Table of repositories" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Repository</th>
            <th scope="col" className="right">
              Tags
            </th>
            <th scope="col">Newest change</th>
            <th scope="col">Digest</th>
            <th scope="col">Changed</th>
          </tr>
        </thead>
        <tbody>
          {repositories.map(({ name, tags, newest }) => (
            <tr key={name}>
              <th scope="row">
                <Link to={paths.repository} params={{ _splat: name }}>
                  {name}
                </Link>
              </th>
              <td className="right number">{tags}</td>
              {newest === null ? (
                <td colSpan={3} className="muted">
                  never tagged
                </td>
              ) : (
                <>
                  <td>
                    <span className="tag">{newest.tag}</span>
                  </td>
                  <td>
                    <TagTarget digest={newest.digest} />
                  </td>
                  <td className="number nowrap">
                    <time dateTime={new Date(newest.at).toISOString()}>
                      {formatInstant(newest.at, now)}
                    </time>
                  </td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TagTarget({ digest }: { readonly digest: string | null }): ReactNode {
  if (digest === null) return <span className="muted">deleted</span>;
  return <code title={digest}>{shortDigest(digest)}</code>;
}
