import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ImageSummary } from '../api/client.ts';
import { useImages, useKeys } from '../api/queries.ts';
import { formatBytes, formatInstant, shortDigest } from '../format.ts';
import { useNow } from '../ui/clock.ts';
import { Empty, Found, PageHeading } from '../ui/page.tsx';
import { OtherRepositories } from '../ui/other-repositories.tsx';
import { KeyLink, StateBadge } from '../ui/state.tsx';
import { Verdict } from '../ui/verdict.tsx';
import { paths } from '../urls.ts';

/** What is published, and what is on its way. */
export function ImagesPage(): ReactNode {
  const query = useImages();
  return (
    <>
      <PageHeading title="Images" />
      <Found what="the images" query={query}>
        {(images) => (
          <>
            {images.length === 0 ? (
              <Empty>
                <p>
                  No image is published yet. A tag appears when its image has been assembled, tested
                  and signed.
                </p>
              </Empty>
            ) : (
              <ImageTable images={images} />
            )}
            <Coming published={images} />
          </>
        )}
      </Found>
      <OtherRepositories />
    </>
  );
}

function ImageTable({ images }: { readonly images: readonly ImageSummary[] }): ReactNode {
  const now = useNow(false);
  return (
    <div className="scroll card" role="region" aria-label="Published images" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Image</th>
            <th scope="col">Tags</th>
            <th scope="col" className="right">
              Size
            </th>
            <th scope="col" className="right">
              Packages
            </th>
            <th scope="col">Tested</th>
            <th scope="col">Signed</th>
            <th scope="col">Digest</th>
            <th scope="col">Changed</th>
          </tr>
        </thead>
        <tbody>
          {images.map((one) => (
            <tr key={one.name}>
              <th scope="row">
                <Link to={paths.image} params={{ name: one.name }}>
                  {one.name}
                </Link>
              </th>
              <td>
                <Tags tags={one.tags} />
              </td>
              <td className="right number nowrap">{formatBytes(one.sizeBytes)}</td>
              <td className="right number">{one.packages}</td>
              <td>
                <Verdict good={one.tested} yes="Passed" no="Not passed" />
              </td>
              <td>
                <Verdict good={one.signed} yes="Signed" no="Not signed" />
              </td>
              <td>
                <code title={one.digest}>{shortDigest(one.digest)}</code>
              </td>
              <td className="number nowrap">
                <time dateTime={new Date(one.updatedAt).toISOString()}>
                  {formatInstant(one.updatedAt, now)}
                </time>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Tags({ tags }: { readonly tags: readonly string[] }): ReactNode {
  if (tags.length === 0) return <span className="muted">none</span>;
  return (
    <span className="tags">
      {tags.map((tag) => (
        <span key={tag} className="tag">
          {tag}
        </span>
      ))}
    </span>
  );
}

/** Images that the catalog asks for and that are not what it asks for yet. */
function Coming({ published }: { readonly published: readonly ImageSummary[] }): ReactNode {
  const coming =
    useKeys().data?.filter((one) => one.kind === 'image' && one.status !== 'ready') ?? [];
  if (coming.length === 0) return null;
  return (
    <section className="card" aria-labelledby="coming-heading">
      <h2 id="coming-heading">On the line</h2>
      <ul className="plain">
        {coming.map((one) => (
          <li key={one.key} className="related">
            <KeyLink name={one.key} />
            <StateBadge state={one.status} />
            <span className="muted">
              {published.some((image) => image.name === one.name)
                ? 'the published one stays until the new one is ready'
                : 'not published yet'}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
