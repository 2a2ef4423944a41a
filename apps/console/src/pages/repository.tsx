import { Link, useParams, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { TagHistory } from '../api/client.ts';
import { useHistory, useStatus } from '../api/queries.ts';
import { Changes } from '../ui/changes.tsx';
import { Command } from '../ui/copy.tsx';
import { Found, PageHeading } from '../ui/page.tsx';
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
          <Changes
            title="Changes of its tags"
            history={history}
            before={before}
            compared={false}
            pageLink={(earlier, words) => (
              <Link
                to={paths.repository}
                params={{ _splat: name }}
                search={earlier === undefined ? {} : { before: earlier }}
                className="button"
              >
                {words}
              </Link>
            )}
          />
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
